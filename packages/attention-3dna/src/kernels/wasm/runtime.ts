import { jobFields, kernelBytes } from "../../generated/kernel.ts";
import { HeldMemory } from "./held-memory.ts";
import { KeptInputs } from "./kept-inputs.ts";
import { Leases } from "./leases.ts";
import { type Region, Workspace } from "./workspace.ts";

type JobField = (typeof jobFields)[number];

/** The most that results lie in at once which are not copied out, in bytes. */
const MOST_LENT_BYTES = 2 ** 29;

/** What the host says of a job; the kernel's own counters are not its business. */
export type Job = Readonly<Partial<Record<JobField, number>>>;

/** Phases of the kernel, as assembly/job.ts numbers them. */
const PHASE = { forward: 0, queryGradient: 1, keyGradient: 2 } as const;

export type Phase = keyof typeof PHASE;

/** One phase for one group, or for the job's `span` groups from it on; a group is a head of a sample. */
export interface Step {
  readonly phase: Phase;
  readonly group: number;
  /** The earlier step that must be complete before, -1 for none. */
  readonly needs: number;
}

/** Numbers that a step takes in the kernel's memory. */
export const STEP_LENGTH = 4;

const JOB_ADDRESS = 64;
/** Where a job counts the threads at work, and a step its tiles that are left, in bytes: as assembly/job.ts has them. */
const WORKING = jobFields.indexOf("working") * 4;
const LEFT = 12;

/** What the kernel offers to the main thread; assembly/index.ts says what each does. */
interface Kernel {
  start(): void;
  offer(steps: number): void;
  complete(step: number): void;
  close(): void;
  settle(): void;
  copyRows(from: number, fromStride: number, to: number, toStride: number, bytes: number, rows: number): void;
}

/** Rows of numbers in the kernel's memory, `stride` numbers apart. */
export interface Rows {
  readonly address: number;
  readonly stride: number;
}

/** A function on another thread that takes part in the jobs of `memory`. */
export interface HelperThread {
  stop(): void;
}

/** The compiled kernel over its memory, with the threads that help it. */
export class KernelRuntime {
  /** What outlasts the calls. */
  readonly leases: Leases;
  readonly kept: KeptInputs;
  /** Results that tensors lie in; none where growing may move the memory, which it cannot where it is shared. */
  readonly lent: HeldMemory;
  readonly #memory: WebAssembly.Memory;
  readonly #kernel: Kernel;
  readonly #helpers: readonly HelperThread[];
  #stepList = 0;

  private constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    helpers: readonly HelperThread[],
  ) {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    this.#memory = memory;
    this.leases = new Leases(memory);
    this.kept = new KeptInputs(this.leases);
    this.lent = new HeldMemory(this.leases, helpers.length > 0 ? MOST_LENT_BYTES : 0);
    this.#kernel = exports as unknown as Kernel;
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

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** Gives back what earlier calls left and nobody uses any more. */
  releaseUnused(): void {
    this.kept.releaseUnused();
    this.lent.releaseUnused();
  }

  /** An empty workspace for a call; what the last one left there is forgotten. */
  workspace(): Workspace {
    return new Workspace(this.#memory, this.leases.end);
  }

  /**
   * Opens a job: the helpers begin each step once it is offered. `finish` must follow.
   *
   * @param list room for `STEP_LENGTH` numbers a step
   * @param tiles parts of a step that the threads share out
   */
  start(job: Job, steps: readonly Step[], list: Region, tiles: number): void {
    const { buffer } = this.#memory;
    const records = steps.flatMap(({ phase, group, needs }) => [PHASE[phase], group, needs, tiles]);
    new Int32Array(buffer, list.address, list.length).set(records);
    const ints = new Int32Array(buffer, JOB_ADDRESS, jobFields.length);
    const floats = new Float32Array(buffer, JOB_ADDRESS, jobFields.length);
    const all: Job = { ...job, steps: steps.length, stepList: list.address, tiles };
    this.#stepList = list.address;
    jobFields.forEach((field, place) => {
      const value = all[field];
      if (value === undefined) return;
      if (field === "scale") floats[place] = value;
      else ints[place] = value;
    });
    this.#kernel.start();
  }

  /** Says that what the first `count` steps read is in memory. */
  offer(count: number): void {
    this.#kernel.offer(count);
  }

  /** Works until a step is complete, after all were offered. */
  complete(step: number): void {
    // Under load the main thread's wait was seen to end too soon (Node 20, V8 11.3): nothing is believed but the number.
    while (this.#loadAtomic(this.#stepList + step * STEP_LENGTH * 4 + LEFT) !== 0)
      this.#kernel.complete(step);
  }

  /** Closes the job, also with steps that are not complete, and returns when no thread looks at it any more. */
  finish(): void {
    this.#kernel.close();
    while (this.#loadAtomic(JOB_ADDRESS + WORKING) !== 0) this.#kernel.settle();
  }

  /** Copies `count` rows of `length` numbers, between jobs; much faster than JavaScript can in shared memory. */
  copyRows(from: Rows, to: Rows, length: number, count: number): void {
    this.#kernel.copyRows(from.address, from.stride * 4, to.address, to.stride * 4, length * 4, count);
  }

  #loadAtomic(address: number): number {
    return Atomics.load(new Int32Array(this.#memory.buffer, address, 1), 0);
  }

  stop(): void {
    for (const helper of this.#helpers) helper.stop();
  }
}

function bytesOf(kind: keyof typeof kernelBytes): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(kernelBytes[kind]), (character) => character.charCodeAt(0));
}
