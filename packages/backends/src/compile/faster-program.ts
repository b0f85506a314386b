import { isNuwaError } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { NodeBackend } from "../node/node-backend.ts";
import { Program, type ProgramSummary } from "./program.ts";
import type { Recording } from "./recording.ts";

/** Calls by each program before one is chosen; the first of each compiles it and does not count. */
const RUNS = 4;

interface Candidate {
  readonly program: Program;
  runs: number;
  /** The shortest call that counts, in milliseconds. */
  best: number;
}

/** The program of a recording with XLA or without it, whichever is faster: the first calls run both in turns. */
export class FasterProgram {
  #candidates: Candidate[];

  constructor(backend: NodeBackend, recording: Recording) {
    this.#candidates = [false, true].map((xla) => ({
      program: new Program(backend, recording, xla),
      runs: 0,
      best: Infinity,
    }));
  }

  get summary(): ProgramSummary {
    const [{ program }, other] = this.#candidates;
    return other ? { ...program.summary, mode: "auto" } : program.summary;
  }

  get assigned(): readonly tf.Variable[] {
    return this.#candidates[0].program.assigned;
  }

  run(inputs: readonly tf.Tensor[]): tf.NamedTensorMap {
    const [graph, xla] = this.#candidates;
    if (!xla) return graph.program.run(inputs);
    const next = xla.runs < graph.runs ? xla : graph;
    const start = performance.now();
    try {
      const results = next.program.run(inputs);
      if (next.runs++ > 0) next.best = Math.min(next.best, performance.now() - start);
      if (xla.runs === RUNS) this.#keep(xla.best < graph.best ? xla : graph);
      return results;
    } catch (error) {
      if (next === graph || !isNuwaError(error) || error.code !== "BACKEND") throw error;
      this.#keep(graph); // XLA lacks one of the operations; nothing has changed
      return graph.program.run(inputs);
    }
  }

  dispose(): void {
    for (const { program } of this.#candidates) program.dispose();
  }

  #keep(chosen: Candidate): void {
    for (const candidate of this.#candidates) if (candidate !== chosen) candidate.program.dispose();
    this.#candidates = [chosen];
  }
}
