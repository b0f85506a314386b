import type { NodeOptions } from "./node/options.ts";
import type { WasmOptions } from "./wasm/register.ts";
import type { WebgpuOptions } from "./webgpu/adapter.ts";

export type BackendName = "auto" | "node" | "webgpu" | "wasm" | "cpu";

interface OptionsByName {
  /** `auto` hands each backend that it tries its own. */
  readonly auto: NodeOptions & WasmOptions;
  readonly node: NodeOptions;
  readonly webgpu: WebgpuOptions;
  readonly wasm: WasmOptions;
  /** None. */
  readonly cpu: Readonly<Record<string, never>>;
}

/** The options of a backend by its name: of any of them where the name is known at run time only. */
export type BackendOptions<Name extends BackendName = BackendName> = OptionsByName[Name];

/** What `useBackend` hands on: every backend takes its own options and leaves the others. */
export type AnyOptions = NodeOptions & WasmOptions & WebgpuOptions;
