import { openDawn } from "#dawn";

export interface WebgpuOptions {
  /** Accept an adapter that is computed on the CPU, such as SwiftShader. Default false. */
  readonly allowSoftware?: boolean;
}

export type AdapterSearch =
  | {
      readonly adapter: GPUAdapter;
      readonly software: boolean;
      readonly device: string;
      readonly detail: string;
    }
  | { readonly adapter: undefined; readonly reason: string; readonly fix: string };

/** Kept for as long as the program runs: Dawn's adapters and devices do not outlive it. */
const opened = new Map<boolean, Promise<GPU | undefined>>();

/** What Dawn gave, to tell it from a browser's own. */
const fromDawn = new WeakSet<GPU>();

/**
 * Looks for a WebGPU adapter: the browser's, else Dawn's in Node. Puts what Dawn gives on `navigator.gpu`,
 * where tfjs expects it.
 */
export async function findAdapter({ allowSoftware = false }: WebgpuOptions): Promise<AdapterSearch> {
  let gpu: GPU | undefined;
  try {
    gpu = await entryPoint(allowSoftware);
  } catch (cause) {
    return {
      adapter: undefined,
      reason: `the npm package "webgpu" (Dawn) did not load: ${cause instanceof Error ? cause.message : cause}`,
      fix: "Install it again for this platform (linux, darwin or win32 on x64 or arm64).",
    };
  }
  if (gpu === undefined) {
    return {
      adapter: undefined,
      reason: "this browser has no WebGPU (navigator.gpu)",
      fix: "Use a browser that has it, over https or localhost.",
    };
  }
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) return { adapter: undefined, ...noAdapter() };
  const { vendor, architecture, device, description } = adapter.info;
  const software = isSoftware(adapter.info);
  if (software && !allowSoftware) {
    return {
      adapter: undefined,
      reason: `the only adapter is a software one (${description || vendor})`,
      fix: 'useBackend("webgpu", { allowSoftware: true }) takes it; the backend "wasm" is faster.',
    };
  }
  const words = [vendor, architecture, device].filter((word) => word !== "").join(" ");
  return { adapter, software, device: software ? "CPU (software)" : "GPU", detail: description || words };
}

function entryPoint(allowSoftware: boolean): Promise<GPU | undefined> {
  let gpu = opened.get(allowSoftware);
  if (gpu === undefined) {
    gpu = open(allowSoftware);
    opened.set(allowSoftware, gpu);
  }
  return gpu;
}

async function open(allowSoftware: boolean): Promise<GPU | undefined> {
  const given = typeof navigator === "undefined" ? undefined : navigator.gpu;
  if (given !== undefined && !fromDawn.has(given)) return given;
  const gpu = await openDawn(allowSoftware);
  if (gpu === undefined) return undefined;
  fromDawn.add(gpu);
  if (typeof navigator === "undefined") {
    // tfjs asks for the user agent wherever there is a navigator. Newer Nodes have one of their own.
    const userAgent = "Node.js";
    Object.defineProperty(globalThis, "navigator", {
      value: { userAgent },
      configurable: true,
      writable: true,
    });
  }
  Object.defineProperty(navigator, "gpu", { value: gpu, configurable: true, writable: true });
  return gpu;
}

function isSoftware(info: GPUAdapterInfo): boolean {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/.test(words);
}

function noAdapter(): { reason: string; fix: string } {
  const inNode = typeof process !== "undefined" && process.versions?.node !== undefined;
  if (!inNode) {
    return {
      reason: "the browser gave no WebGPU adapter",
      fix: "Update the graphics driver, or switch on hardware acceleration in the browser's settings.",
    };
  }
  return {
    reason: "Dawn found no adapter",
    fix:
      process.platform === "linux"
        ? 'Install the GPU\'s Vulkan driver and libvulkan1. Without a GPU use "wasm", or Chromium\'s SwiftShader by useBackend("webgpu", { allowSoftware: true }).'
        : "Update the graphics driver.",
  };
}
