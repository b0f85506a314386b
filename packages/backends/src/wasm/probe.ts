import type { BackendProbe } from "../status.ts";

/** A function of `v128`: engines without SIMD refuse it. */
const simdModule = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
  11,
]);

/** Whether this program can run WebAssembly, and with SIMD. Loads nothing. */
export async function probeWasm(): Promise<BackendProbe> {
  if (typeof WebAssembly === "undefined") {
    return {
      available: false,
      detail: "no WebAssembly",
      reason: "this JavaScript engine has no WebAssembly",
      fix: 'Use another engine, or the backend "cpu".',
    };
  }
  const simd = WebAssembly.validate(simdModule);
  return {
    available: true,
    device: "CPU",
    detail: simd ? "WebAssembly with SIMD" : "WebAssembly without SIMD",
  };
}
