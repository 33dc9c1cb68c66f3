export { startEmulator, type Emulator, type EmulatorOptions } from "./emulator.ts";
export { EmulatorError, type EmulatorErrorCode } from "./emulator-error.ts";
export type { Chance, Faults } from "./faults.ts";
export type { PoolOptions } from "./cognito/pool-settings.ts";
export type { Provider } from "./cognito/login-verifier.ts";
export { startTokenIssuer, type IssuedToken, type TokenIssuer, type TokenIssuerOptions } from "./token-issuer.ts";
export type { Traffic } from "./traffic.ts";
