// PORT: a cloud as an app configures it. `Cloud` is opaque to apps; `CloudConnection` is what the client makes of it.
import type { IdentityId } from "@holdfast/core";
import type { AwsCredentials, Cloud, Logins } from "./api.ts";
import type { RemoteStore } from "./remote-store.ts";
import type { RuntimeImplementation } from "./runtime.ts";

/** An identity as the broker knows it. */
export interface SignedIn {
  readonly identityId: IdentityId;
  readonly kind: "guest" | "authenticated";
  /** Keys of the logins map, never the tokens. */
  readonly logins: readonly string[];
}

/** Which identity the client wants to be. */
export type Who =
  /** Whoever the app's `logins` say; a guest where they say nobody. `create`: a new guest may be made. */
  | {
      readonly type: "current";
      readonly known: SignedIn | null;
      readonly create: boolean;
      /** false: the user has signed out on this page, and the app's `logins` may still answer for a moment. */
      readonly askLogins: boolean;
    }
  | { readonly type: "logins"; readonly logins: Logins; readonly guest: IdentityId | null };

export interface CloudSession {
  /** @throws SyncError `not-signed-in`, `credentials-expired`, `cloud-misconfigured`, `access-denied`, `offline`, `cloud-unavailable` */
  /** null: nobody yet; the app has no logins and no guest may be made now. */
  identify(who: Who, signal: AbortSignal): Promise<SignedIn | null>;
  /** Temporary credentials, cached, renewed once before they expire however many wait. */
  credentials(identity: SignedIn, signal: AbortSignal): Promise<AwsCredentials>;
  /** Forgets tokens and credentials (sign-out). */
  forget(): void;
  remoteStore(identity: SignedIn): RemoteStore;
  /** Milliseconds to add to the device's clock to have the cloud's; 0 until known. */
  clockOffset(): number;
}

export interface CloudImplementation extends Cloud {
  /** Loads what is needed to talk (the AWS code) and makes a session. Called once, at the first need. */
  connect(runtime: RuntimeImplementation, remembered: { readonly clockOffsetMs: number }): Promise<CloudSession>;
}
