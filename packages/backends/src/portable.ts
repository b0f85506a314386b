import { registerCpu } from "./cpu/register.ts";
import type { AnyOptions } from "./options.ts";
import type { Candidate } from "./select.ts";
import type { SelectedBackend } from "./status.ts";

/** The backends that run in browsers and in Node alike, each loaded when it is used. */
export const portable = {
  async webgpu({ allowSoftware }: AnyOptions): Promise<SelectedBackend> {
    const { registerWebgpu } = await import("./webgpu/index.ts");
    return registerWebgpu({ allowSoftware });
  },
  async wasm({ wasmPaths }: AnyOptions): Promise<SelectedBackend> {
    const { registerWasm } = await import("./wasm/index.ts");
    return registerWasm({ wasmPaths });
  },
  cpu: () => registerCpu(),
} as const;

/** WebGPU on a real GPU; adapters that compute on the CPU are slower than the other backends. */
export const realWebgpu: Candidate = {
  name: "webgpu",
  async select() {
    const { probeWebgpu } = await import("./webgpu/index.ts");
    const probe = await probeWebgpu();
    return probe.available && !probe.software ? portable.webgpu({}) : undefined;
  },
};

/** What always works, the faster first. */
export function fallbacks(options: AnyOptions): readonly Candidate[] {
  return [
    { name: "wasm", select: () => portable.wasm(options) },
    { name: "cpu", select: portable.cpu },
  ];
}
