// The client's one session with the cloud, made when it is first needed.
import type { CloudImplementation, CloudSession } from "./cloud.ts";
import type { RuntimeImplementation } from "./runtime.ts";

export class CloudLink {
  readonly #cloud: CloudImplementation;
  readonly #runtime: RuntimeImplementation;
  #session: CloudSession | null = null;
  #connecting: Promise<CloudSession> | null = null;

  constructor(cloud: CloudImplementation, runtime: RuntimeImplementation) {
    this.#cloud = cloud;
    this.#runtime = runtime;
  }

  /** null before the first contact. */
  get clockOffsetMs(): number | null {
    return this.#session?.clockOffset() ?? null;
  }

  /** @throws SyncError `cloud-unavailable` where the code for the cloud can't be loaded now */
  connect(clockOffsetMs: number): Promise<CloudSession> {
    this.#connecting ??= this.#cloud.connect(this.#runtime, { clockOffsetMs }).then(
      (session) => (this.#session = session),
      (error: unknown) => {
        this.#connecting = null;
        throw error;
      },
    );
    return this.#connecting;
  }

  forget(): void {
    this.#session?.forget();
  }
}
