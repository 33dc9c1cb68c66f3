/** What can go wrong at the start. The message says what to do. */
export type EmulatorErrorCode =
  "invalid-option" | "port-in-use" | "engine-missing" | "engine-failed" | "data-dir-in-use" | "data-dir-unreadable";

export class EmulatorError extends Error {
  override readonly name = "EmulatorError";
  readonly code: EmulatorErrorCode;

  constructor(code: EmulatorErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
