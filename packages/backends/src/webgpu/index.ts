export type { WebgpuOptions } from "./adapter.ts";
export { probeWebgpu } from "./probe.ts";
export { checkErrors, closeWebgpu, registerWebgpu } from "./register.ts";
