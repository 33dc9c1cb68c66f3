// The emulator's own endpoints under /_emulator/, for tests that run in a browser or in another process. They answer to
// loopback alone, also when a page of another site asks.
import { EmulatorError } from "../emulator-error.ts";
import { parseJson } from "../json.ts";
import type { Answer } from "./answer.ts";
import { isLoopback } from "./loopback.ts";
import type { ServiceRequest } from "./service-request.ts";

export interface Controls {
  /** Throws an EmulatorError. */
  setFaults(faults: unknown): void;
  traffic(): object;
  resetTraffic(): void;
  expireCredentials(): void;
  /** Tells this running emulator from all others. */
  readonly instance: string;
}

export const controlPrefix = "/_emulator/";

export function answerControl({ method, path, headers, body }: ServiceRequest, controls: Controls): Answer {
  const { host, origin } = headers;
  if (!isLoopback(host) || (origin !== undefined && !isLoopback(origin))) {
    return json(403, { message: "Only a page or a program on this machine may control the emulator." });
  }
  switch (`${method} ${path.slice(controlPrefix.length)}`) {
    case "POST faults":
      return setFaults(body, controls);
    case "GET traffic":
      return json(200, controls.traffic());
    case "DELETE traffic":
      controls.resetTraffic();
      return json(200, {});
    case "POST expire-credentials":
      controls.expireCredentials();
      return json(200, {});
    case "GET instance":
      return json(200, { instance: controls.instance });
    default:
      return json(404, {
        message: `There is no ${method} ${path}; there are POST faults, GET or DELETE traffic, POST expire-credentials`,
      });
  }
}

function setFaults(body: Buffer, controls: Controls): Answer {
  try {
    controls.setFaults(parseJson(body.toString()));
    return json(200, {});
  } catch (error) {
    if (error instanceof EmulatorError) return json(400, { message: error.message });
    throw error;
  }
}

const json = (status: number, body: object): Answer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});
