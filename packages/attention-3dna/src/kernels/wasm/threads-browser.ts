import type { HelperThread } from "./runtime.ts";

const source = `
onmessage = ({ data: { module, memory, thread } }) => {
  const { work } = new WebAssembly.Instance(module, { env: { memory } }).exports;
  postMessage("ready");
  work(thread);
};
`;

/** All cores within a worker of a cross-origin isolated page, else one: a page itself may not wait for threads. */
export function mostThreads(): number {
  const inWorker = typeof document === "undefined";
  return inWorker && globalThis.crossOriginIsolated === true ? navigator.hardwareConcurrency : 1;
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
