import type { HelperThread } from "./runtime.ts";

const source = `
onmessage = ({ data: { module, memory, thread } }) => {
  const { work } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  postMessage("ready");
  work(thread);
};
`;

/** Within a worker of a cross-origin isolated page; a page itself may not wait for threads. */
export function threadsUsable(): boolean {
  return typeof document === "undefined" && globalThis.crossOriginIsolated === true;
}

export function coreCount(): number {
  return navigator.hardwareConcurrency;
}

export async function startThread(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  thread: number,
): Promise<HelperThread> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  const worker = new Worker(url);
  try {
    await new Promise<void>((resolve, reject) => {
      worker.onmessage = () => resolve();
      worker.onerror = ({ message }) => reject(new Error(message || "the worker did not start"));
      worker.postMessage({ module, memory, thread });
    });
  } finally {
    URL.revokeObjectURL(url);
  }
  return { stop: () => worker.terminate() };
}
