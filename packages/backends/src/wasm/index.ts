export { probeWasm } from "./probe.ts";
export { registerWasm, type WasmOptions } from "./register.ts";
