import { jobFields, kernelBytes } from "../../generated/kernel.ts";
import { Workspace } from "./workspace.ts";

type JobField = (typeof jobFields)[number];

/** What the host says of a job; the kernel's own counters are not its business. */
export type Job = Readonly<Partial<Record<JobField, number>>>;

/** Phases of the kernel, as assembly/job.ts numbers them. */
export const PHASE = { forward: 0, queryGradient: 1, keyGradient: 2 } as const;

const JOB_ADDRESS = 64;

/** A function on another thread that takes part in the jobs of `memory`. */
export interface HelperThread {
  stop(): void;
}

/** The compiled kernel over its memory, with the threads that help it. */
export class KernelRuntime {
  readonly #memory: WebAssembly.Memory;
  readonly #run: () => void;
  readonly #helpers: readonly HelperThread[];

  private constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    helpers: readonly HelperThread[],
  ) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#memory = memory;
    this.#run = exports.run as () => void;
    this.#helpers = helpers;
  }

  /** On the calling thread alone, at once. */
  static single(): KernelRuntime {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536 });
    return new KernelRuntime(new WebAssembly.Module(bytesOf("single")), memory, []);
  }

  /** With `threads - 1` helpers, which `start` brings to life. */
  static async shared(
    threads: number,
    start: (module: WebAssembly.Module, memory: WebAssembly.Memory, thread: number) => Promise<HelperThread>,
  ): Promise<KernelRuntime> {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
    const module = await WebAssembly.compile(bytesOf("shared"));
    const helpers = await Promise.all(
      Array.from({ length: threads - 1 }, (_, index) => start(module, memory, index + 1)),
    );
    return new KernelRuntime(module, memory, helpers);
  }

  /** Threads that compute, this one included. */
  get threads(): number {
    return this.#helpers.length + 1;
  }

  /** An empty workspace; what lay in the memory before is forgotten. */
  workspace(): Workspace {
    return new Workspace(this.#memory);
  }

  /** Runs a phase on all threads. Fields that `job` leaves out keep what they had. */
  run(phase: keyof typeof PHASE, job: Job): void {
    const ints = new Int32Array(this.#memory.buffer, JOB_ADDRESS, jobFields.length);
    const floats = new Float32Array(this.#memory.buffer, JOB_ADDRESS, jobFields.length);
    const all: Job = { ...job, phase: PHASE[phase], threads: this.threads };
    jobFields.forEach((field, place) => {
      const value = all[field];
      if (value === undefined) return;
      if (field === "scale") floats[place] = value;
      else ints[place] = value;
    });
    this.#run();
  }

  stop(): void {
    for (const helper of this.#helpers) helper.stop();
  }
}

function bytesOf(kind: keyof typeof kernelBytes): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(kernelBytes[kind]), (character) => character.charCodeAt(0));
}
