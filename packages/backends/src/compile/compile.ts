import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { NodeBackend } from "../node/node-backend.ts";
import { checkRun } from "./check-run.ts";
import { differenceOf } from "./difference.ts";
import { type CompileOptions, checkOptions } from "./options.ts";
import { Program, type ProgramSummary } from "./program.ts";
import { type RecordedRun, record } from "./record.ts";
import type { Recording } from "./recording.ts";
import { refusedChange, refusedGradient } from "./refusals.ts";
import { type AnyStep, runStep, type Step } from "./run-step.ts";

/** What a compiled step holds for one list of input shapes and types. */
export interface StepRecord {
  /** Such as `float32 [8, 4]`. */
  readonly inputs: readonly string[];
  /** What calls run; undefined as long as they run the step itself. */
  readonly program: ProgramSummary | undefined;
}

export interface CompiledStep<Inputs extends tf.Tensor[], Outputs extends tf.NamedTensorMap> {
  (...inputs: Inputs): Outputs;
  /** The least recently used first. */
  readonly records: readonly StepRecord[];
  /** Releases everything; calls throw from then on. */
  dispose(): void;
}

/** A record. It has a program once its recording is trusted. */
interface Entry {
  readonly backend: NodeBackend;
  runs: number;
  recording?: Recording;
  program?: Program;
}

/** Runs of which two in a row have to do the same. */
const MOST_RUNS = 3;

/**
 * Makes a step fast: on the node backend its operations are recorded and run as TensorFlow functions, without JavaScript
 * between them. Other backends run the step itself.
 *
 * @param step synchronous, takes tensors and returns tensors by name. It may read and assign variables and take gradients.
 *   It must do the same at every call with inputs of the same shapes and types: what changes is an input or a variable.
 *   It does not dispose its inputs; whatever it makes besides its results is disposed
 * @returns a function like the step. The caller disposes the results. The first two calls with given shapes run the step
 *   itself, which is recorded each time; where both recordings are the same, later calls run the functions
 * @throws NuwaError at a call: `INPUT` when the step cannot be compiled, with the place and what to do
 */
export function compile<Inputs extends tf.Tensor[], Outputs extends tf.NamedTensorMap>(
  step: Step<Inputs, Outputs>,
  options: CompileOptions = {},
): CompiledStep<Inputs, Outputs> {
  const records = new Records(step as unknown as AnyStep, checkOptions(options));
  const run = (...inputs: Inputs): Outputs => records.run(inputs) as Outputs;
  return Object.defineProperties(run, {
    records: { get: () => records.list() },
    dispose: { value: () => records.dispose() },
  }) as CompiledStep<Inputs, Outputs>;
}

class Records {
  readonly #step: AnyStep;
  readonly #options: Required<CompileOptions>;
  /** By shapes and types, the least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #disposed = false;

  constructor(step: AnyStep, options: Required<CompileOptions>) {
    this.#step = step;
    this.#options = options;
  }

  list(): StepRecord[] {
    return [...this.#entries].map(([key, { program }]) => ({
      inputs: key === "" ? [] : key.split("; "),
      program: program?.summary,
    }));
  }

  dispose(): void {
    this.#disposed = true;
    for (const key of [...this.#entries.keys()]) this.#release(key);
  }

  run(inputs: readonly tf.Tensor[]): tf.NamedTensorMap {
    if (this.#disposed) throw new NuwaError("INPUT", "compile: the step was disposed. Compile it anew.");
    if (tf.engine().state.gradientDepth > 0) throw refusedGradient();
    const backend = tf.backend();
    // A compiled step within another's is recorded as a part of it.
    if (!isNode(backend) || backend.binding.observer) return runStep(this.#step, inputs);
    const key = inputs.map(({ dtype, shape }) => `${dtype} [${shape.join(", ")}]`).join("; ");
    const entry = this.#entryOf(key, backend);
    if (!entry.program) return this.#record(key, entry, inputs);
    return this.#options.debug ? checkRun(entry.program, this.#step, inputs) : entry.program.run(inputs);
  }

  #entryOf(key: string, backend: NodeBackend): Entry {
    const entry = this.#entries.get(key) ?? { backend, runs: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry); // now the latest
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#options.records) this.#release(oldest);
    return entry;
  }

  #record(key: string, entry: Entry, inputs: readonly tf.Tensor[]): tf.NamedTensorMap {
    const { backend, recording: before } = entry;
    let results: tf.NamedTensorMap | undefined;
    try {
      const run = this.#recorded(backend, inputs);
      const { recording } = run;
      results = run.results;
      entry.runs++;
      entry.recording = recording;
      if (before === undefined) return results;
      const difference = describeLeft(run.left) ?? differenceOf(backend.binding, before, recording);
      release(backend, before);
      if (difference === undefined) entry.program = new Program(backend, recording, this.#options.mode);
      else if (entry.runs === MOST_RUNS) throw refusedChange(difference);
      return results;
    } catch (error) {
      this.#release(key);
      if (results) tf.dispose(results);
      throw error;
    }
  }

  #recorded(backend: NodeBackend, inputs: readonly tf.Tensor[]): RecordedRun {
    const run = () => record(backend, this.#step, inputs);
    return this.#options.mode === "graph" ? run() : backend.withoutOneDnn(run);
  }

  #release(key: string): void {
    const { backend, recording, program } = this.#entries.get(key)!;
    program?.dispose();
    if (recording) release(backend, recording);
    this.#entries.delete(key);
  }
}

/** Calls of functions make and end no tensors but results. */
function describeLeft(left: number): string | undefined {
  if (left === 0) return undefined;
  return left > 0
    ? `it keeps ${left} tensors or variables that it makes, besides its results`
    : `it disposes ${-left} tensors or variables from outside`;
}

function release({ binding }: NodeBackend, { constants }: Recording): void {
  for (const { id } of constants.values()) binding.deleteTensor(id);
}

function isNode(backend: tf.KernelBackend): backend is NodeBackend {
  return "runOutside" in backend;
}
