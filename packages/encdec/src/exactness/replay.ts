import { tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Condition } from "../condition.ts";
import type { GenerateBatchOptions } from "../generate.ts";
import type { EncoderDecoder } from "../model.ts";
import { parallelSteps, sequentialSteps } from "../schedule.ts";
import { StepDecoder } from "../step-decoder.ts";

export type ScheduleName = NonNullable<GenerateBatchOptions["schedule"]>;

export interface Replay {
  /**
   * The largest difference of cached logits from those of one pass over all tokens, relative to the largest logit of the
   * same token.
   */
  readonly error: number;
  /** The guided logits `[codes]` that a token of a row was drawn from. */
  logitsOf(row: number, token: number): Float32Array;
}

/**
 * Decodes given codes again as `generateBatch` decoded them, with the same rows and steps, and compares with
 * `model.logits`.
 */
export async function replay(
  model: EncoderDecoder,
  { conditions, grid, known, guidance = 1 }: GenerateBatchOptions,
  schedule: ScheduleName,
  codes: readonly Int32Array[],
): Promise<Replay> {
  const guided = guidance === 1 ? [] : [...codes.keys()].filter((row) => conditions[row].kind !== "none");
  const none: Condition = { kind: "none" };
  const rows = [...codes, ...guided.map((row) => codes[row])];
  const rowConditions = [...conditions, ...guided.map(() => none)];
  const options = { pattern: model.decoderPattern, grid, shift: model.config.shift, known: known?.mask };
  const steps = (schedule === "parallel" ? parallelSteps : sequentialSteps)(options);
  const expected = await teacherForced(model, { conditions: rowConditions, grid, rows });
  const count = tokenCount(grid);
  const size = model.config.codebookSize;
  const cached = new Map<number, Float32Array>(); // by row * count + token
  let error = 0;
  const decoder = new StepDecoder(model, grid, rowConditions, steps);
  try {
    for (const step of steps) {
      const logits = decoder.step(step, rows);
      const values = (await logits.data()) as Float32Array;
      logits.dispose();
      for (let row = 0; row < rows.length; row++) {
        step.unknown.forEach((token, place) => {
          const start = (row * step.unknown.length + place) * size;
          const own = values.slice(start, start + size);
          const index = row * count + token;
          cached.set(index, own);
          const difference = relativeDifference(own, expected.subarray(index * size, (index + 1) * size));
          if (!(difference <= error)) error = Number.isNaN(difference) ? Infinity : difference;
        });
      }
    }
  } finally {
    decoder.dispose();
  }
  return {
    error,
    logitsOf(row, token) {
      const cond = cached.get(row * count + token)!;
      const extra = guided.indexOf(row);
      if (extra < 0) return cond;
      const uncond = cached.get((codes.length + extra) * count + token)!;
      return cond.map((value, code) => uncond[code] + guidance * (value - uncond[code]));
    },
  };
}

async function teacherForced(
  model: EncoderDecoder,
  {
    conditions,
    grid,
    rows,
  }: Pick<GenerateBatchOptions, "conditions" | "grid"> & { readonly rows: readonly Int32Array[] },
): Promise<Float32Array> {
  const flat = rows.flatMap((row) => [...row]);
  const targets = tf.tensor2d(flat, [rows.length, tokenCount(grid)], "int32");
  const logits = model.logits({ conditions, targets, grid });
  const values = (await logits.data()) as Float32Array;
  tf.dispose([targets, logits]);
  return values;
}

function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  const differences = actual.map((value, code) => Math.abs(value - expected[code]));
  return Math.max(...differences) / Math.max(...expected.map(Math.abs));
}
