import type * as tf from "@tensorflow/tfjs-core";
import type { FunctionBody } from "../node/function-body.ts";
import type { NodeBackend } from "../node/node-backend.ts";
import type { Mode } from "./options.ts";
import { unknownToXla } from "./refusals.ts";

/** How a function runs. */
export type Kind = Exclude<Mode, "auto">;

const KINDS: Readonly<Record<Mode, readonly Kind[]>> = {
  graph: ["graph"],
  xla: ["xla"],
  auto: ["graph", "xla"],
};

/** Calls of each kind before one is chosen; the first of each optimizes or compiles and does not count. */
const CALLS = 4;

interface Candidate {
  readonly kind: Kind;
  /** By which the binding runs it. */
  readonly name: string;
  calls: number;
  /** The shortest call that counts, in milliseconds. */
  best: number;
}

/**
 * Operations as a TensorFlow function. In mode `auto` it exists in both kinds at first, whose calls take turns, and the
 * faster one stays. Functions of a step are called equally often, so all are measured in the same kind at the same time.
 */
export class StepFunction {
  readonly #backend: NodeBackend;
  readonly #outputs: number;
  #candidates: readonly Candidate[] = [];

  constructor(backend: NodeBackend, body: Omit<FunctionBody, "xla">, mode: Mode) {
    this.#backend = backend;
    this.#outputs = body.outputs.length;
    try {
      for (const kind of KINDS[mode]) {
        const name = backend.binding.functions.add({ ...body, xla: kind === "xla" });
        this.#candidates = [...this.#candidates, { kind, name, calls: 0, best: Infinity }];
      }
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** How it runs; undefined as long as both kinds are measured. */
  get kind(): Kind | undefined {
    const [first, second] = this.#candidates;
    return second ? undefined : first.kind;
  }

  /**
   * @param ids the binding's, of the inputs
   * @returns the outputs; the caller disposes them
   * @throws NuwaError `BACKEND` when an operation fails, or when XLA cannot compile one and there is no graph
   */
  run(ids: readonly number[]): tf.Tensor[] {
    const [first, second] = this.#candidates;
    const next = second && second.calls < first.calls ? second : first;
    try {
      const start = performance.now();
      const results = this.#backend.executeOnIds(next.name, [], ids, this.#outputs);
      if (second) this.#count(next, performance.now() - start);
      return results;
    } catch (error) {
      if (next.kind === "graph") throw error;
      if (!second) throw unknownToXla(error as Error);
      this.#keep(first); // a function changes nothing but its results
      return this.run(ids);
    }
  }

  dispose(): void {
    for (const { name } of this.#candidates) this.#backend.binding.functions.remove(name);
  }

  #count(candidate: Candidate, milliseconds: number): void {
    if (candidate.calls++ > 0) candidate.best = Math.min(candidate.best, milliseconds);
    const [first, second] = this.#candidates;
    if (second.calls === CALLS) this.#keep(second.best < first.best ? second : first);
  }

  #keep(chosen: Candidate): void {
    for (const { kind, name } of this.#candidates) {
      if (kind !== chosen.kind) this.#backend.binding.functions.remove(name);
    }
    this.#candidates = [chosen];
  }
}
