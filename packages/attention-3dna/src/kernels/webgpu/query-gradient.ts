import type * as tf from "@tensorflow/tfjs-core";
import { biasIntegers, type Call, programKey, rowInputs, tableInputs } from "./call.ts";
import { passCode, passIntegers, passWorkgroups } from "./row-pass.ts";
import { runProgram } from "./run-program.ts";
import { eachSlice, eachSliceInside, type Tile, threads } from "./tile.ts";

/** What a gradient program is given besides the call. */
export interface Backward {
  readonly dy: tf.TensorInfo;
  /** Of `runStatistics`. */
  readonly statistics: tf.TensorInfo;
  readonly table: tf.TensorInfo;
}

/** `dq = scale sum_j ds_j k_j`, with `ds = p (dp - mean dp)`. */
export function runQueryGradient(call: Call, { dy, statistics, table }: Backward): tf.TensorInfo {
  const { inputs, attributes, queries, keys, tile } = call;
  const { query, key, value } = inputs;
  return runProgram(call.backend, {
    key: programKey(call, "query-gradient"),
    inputs: [
      ...rowInputs(call, { query, key, value, dy }),
      { name: "statistics", info: statistics, components: 4 },
      ...tableInputs(call, table),
    ],
    output: { shape: query.shape, components: tile.width },
    integers: { ...passIntegers(tile, queries, keys), ...biasIntegers(call) },
    floats: { scale: attributes.scale },
    workgroupSize: threads,
    workgroups: passWorkgroups(tile, queries),
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
