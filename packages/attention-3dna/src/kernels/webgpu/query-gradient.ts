import type * as tf from "@tensorflow/tfjs-core";
import type { Call } from "./call.ts";
import { passCode } from "./row-pass.ts";
import { runPass } from "./run-pass.ts";
import { eachSlice, eachSliceInside, type Tile } from "./tile.ts";

/** What a gradient program is given besides the call. */
export interface Backward {
  readonly dy: tf.TensorInfo;
  /** Of `runStatistics`. */
  readonly statistics: tf.TensorInfo;
  readonly table: tf.TensorInfo;
}

/** `dq = scale sum_j ds_j k_j`, with `ds = p (dp - mean dp)`. */
export function runQueryGradient(call: Call, { dy, statistics, table }: Backward): tf.TensorInfo {
  const { inputs, queries, keys, tile } = call;
  return runPass(call, {
    name: "query-gradient",
    rows: { dy },
    statistics,
    table,
    output: { shape: inputs.query.shape, components: tile.width },
    own: queries,
    other: keys,
    code: () => queryGradientCode(tile, inputs.bias !== undefined),
  });
}

function queryGradientCode(tile: Tile, biased: boolean): string {
  return passCode({
    tile,
    biased,
    dots: [
      ["query", "key"],
      ["dy", "value"],
    ],
    declare: `let softmax = statistics[min(row, uniforms.rowCount - 1)];
      var dq: array<Unit, ${tile.slices}>;`,
    weights: ["exp(score - softmax.x) * softmax.y * (dot1 - softmax.z)"],
    accumulate: eachSlice(tile, (slice) => `dq[${slice}] += weight0 * key[other + unit];`),
    finish: eachSliceInside(tile, (slice) => `result[own + unit] = dq[${slice}] * uniforms.scale;`),
  });
}
