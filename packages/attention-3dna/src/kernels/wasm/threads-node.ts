import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { HelperThread } from "./runtime.ts";

// A program as a string needs no file of its own, so that bundlers need not know of it.
const source = `
const { module, memory, thread } = require("node:worker_threads").workerData;
new WebAssembly.Instance(module, { env: { memory } }).exports.work(thread);
`;

export function threadsUsable(): boolean {
  return true;
}

/** Cores that the process may use. */
export function coreCount(): number {
  return availableParallelism();
}

/** Starts a helper that keeps no process alive. */
export async function startThread(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  thread: number,
): Promise<HelperThread> {
  const worker = new Worker(source, { eval: true, workerData: { module, memory, thread }, execArgv: [] });
  await new Promise<void>((resolve, reject) => worker.once("online", resolve).once("error", reject));
  worker.unref(); // earlier it would not come online
  return { stop: () => void worker.terminate() };
}
