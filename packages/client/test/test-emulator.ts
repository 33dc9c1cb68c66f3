// The emulator of a test, in front of the engine that comes with it, or of the one that HOLDFAST_ENGINE names.
import { startEmulator, type Emulator } from "@holdfast/emulator";

type EmulatorOptions = NonNullable<Parameters<typeof startEmulator>[0]>;

export function startTestEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const endpoint = process.env["HOLDFAST_ENGINE"];
  return startEmulator(endpoint ? { ...options, engine: { endpoint } } : options);
}
