import { NuwaError } from "@nuwa/tensor3d";
import { coreCount, startThread, threadsUsable } from "#threads";
import { KernelRuntime } from "./runtime.ts";

export interface PrepareOptions {
  /**
   * Threads that compute, the calling one included. Default: one more than there are cores, where threads can be used:
   * in Node, and in a browser within a worker of a cross-origin isolated page. Elsewhere 1. The one more is for systems
   * that wake a thread where it last ran: on the calling thread's core it helps nobody until it is moved.
   */
  readonly threads?: number;
}

let current: KernelRuntime | undefined;
/** Whether compiling failed: it would at every call. */
let refused = false;

/** The kernel, compiled at its first use. Only `prepareKernels` gives it threads. */
export function kernelRuntime(): KernelRuntime {
  current ??= KernelRuntime.single();
  return current;
}

/** Whether WebAssembly with SIMD can be compiled here: some pages forbid it, and old browsers lack it. */
export function canCompile(): boolean {
  if (refused) return current !== undefined; // by prepareKernels, since
  try {
    kernelRuntime();
  } catch {
    refused = true;
  }
  return !refused;
}

/** Threads that `attend` computes with where it runs on the CPU. */
export function kernelThreads(): number {
  return current?.threads ?? 1;
}

/**
 * What the CPU's kernel holds, in bytes: `total`, which never shrinks, and the part `kept` beyond its call by caches of
 * keys and values, by forward passes for their backward passes, and by results that lie there.
 */
export function kernelMemory(): { readonly total: number; readonly kept: number } {
  current?.releaseUnused();
  return { total: current?.memoryBytes ?? 0, kept: current?.leases.bytes ?? 0 };
}

/**
 * Compiles the CPU's kernel and starts its threads, which sleep between calls and keep no process alive. Without it
 * `attend` compiles at its first call and runs on one thread. Another call changes the number of threads.
 *
 * @throws NuwaError `INPUT` for a number of threads that cannot be had here
 */
export async function prepareKernels({ threads = defaultThreads() }: PrepareOptions = {}): Promise<void> {
  if (!Number.isInteger(threads) || threads < 1 || (threads > 1 && !threadsUsable())) {
    const wanted = threadsUsable() ? "a whole number from 1 on" : "1, as no other thread can be used here";
    throw new NuwaError("INPUT", `prepareKernels: threads: wanted ${wanted}, got ${threads}.`, {
      hint: "Leave it out for as many as can be used.",
    });
  }
  if (current?.threads === threads) return;
  const next = threads === 1 ? KernelRuntime.single() : await KernelRuntime.shared(threads, startThread);
  current?.stop();
  current = next;
}

function defaultThreads(): number {
  const cores = threadsUsable() ? coreCount() : 1;
  return cores === 1 ? 1 : cores + 1;
}
