import type * as tf from "@tensorflow/tfjs-core";
import type { Call } from "./call.ts";
import type { Backward } from "./query-gradient.ts";
import { passCode } from "./row-pass.ts";
import { runPass } from "./run-pass.ts";
import { runProgram } from "./run-program.ts";
import { eachSlice, eachSliceInside, type Tile, threads } from "./tile.ts";

/**
 * `dk = scale sum_i ds_i q_i` and `dv = sum_i p_i dy_i` over the queries that attend a key. One program computes
 * both, for most of the work is in `p` and `dp`; a program has one output, so copies take it apart.
 *
 * @param table by key
 */
export function runKeyGradients(call: Call, { dy, statistics, table }: Backward): tf.TensorInfo[] {
  const { backend, inputs, queries, keys, tile } = call;
  const half = keys.batch * keys.batchStride;
  const both = runPass(call, {
    name: "key-gradients",
    rows: { dy },
    statistics,
    table,
    output: { shape: [2, half], components: tile.width },
    own: keys,
    other: queries,
    integers: { half: half / tile.width },
    code: () => keyGradientsCode(tile, inputs.bias !== undefined),
  });
  const halves = [0, half].map((start) => copyPart(call, both, start, inputs.key.shape));
  backend.disposeData(both.dataId);
  return halves;
}

function keyGradientsCode(tile: Tile, biased: boolean): string {
  return passCode({
    tile,
    biased,
    dots: [
      ["key", "query"],
      ["value", "dy"],
    ],
    declare: `var dk: array<Unit, ${tile.slices}>;
      var dv: array<Unit, ${tile.slices}>;`,
    combine: `
          let softmax = statistics[plane * uniforms.otherTokens + otherToken];
          let p = exp(score - softmax.x) * softmax.y;`,
    weights: ["p * (dot1 - softmax.z)", "p"],
    accumulate: eachSlice(
      tile,
      (slice) => `
        dk[${slice}] += weight0 * query[other + unit];
        dv[${slice}] += weight1 * dy[other + unit];`,
    ),
    finish: eachSliceInside(
      tile,
      (slice) => `
        result[own + unit] = dk[${slice}] * uniforms.scale;
        result[uniforms.half + own + unit] = dv[${slice}];`,
    ),
  });
}

function copyPart({ backend, tile }: Call, source: tf.TensorInfo, start: number, shape: number[]) {
  const size = shape.reduce((product, length) => product * length, 1) / tile.width;
  return runProgram(backend, {
    key: `copy-${tile.width}`,
    inputs: [{ name: "source", info: source, components: tile.width }],
    output: { shape, components: tile.width },
    integers: { start: start / tile.width, count: size },
    workgroupSize: threads,
    workgroups: Math.ceil(size / threads),
    code: () => `
    fn main() {
      let index = i32(workgroupId.y * numWorkgroups.x + workgroupId.x) * ${threads} + i32(localIndex);
      if (index < uniforms.count) { result[index] = source[uniforms.start + index]; }
    }`,
  });
}
