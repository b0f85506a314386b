import type * as tf from "@tensorflow/tfjs-core";
import type { Call } from "./call.ts";
import { passCode } from "./row-pass.ts";
import { runPass } from "./run-pass.ts";
import { eachSlice, eachSliceInside, type Tile } from "./tile.ts";

/** `softmax(scale q k^T + bias) v` in one pass, the softmax rescaled whenever its maximum grows. */
export function runForward(call: Call, table: tf.TensorInfo): tf.TensorInfo {
  const { inputs, queries, keys, tile } = call;
  return runPass(call, {
    name: "forward",
    table,
    output: { shape: inputs.query.shape, components: tile.width },
    own: queries,
    other: keys,
    code: () => forwardCode(tile, inputs.bias !== undefined),
  });
}

function forwardCode(tile: Tile, biased: boolean): string {
  return passCode({
    tile,
    biased,
    dots: [["query", "key"]],
    declare: `var highest = lowest;
      var total = 0.0;
      var y: array<Unit, ${tile.slices}>;`,
    weights: ["score"],
    accumulate: `
        if (weight0 > highest) {
          let shrink = exp(highest - weight0);
          highest = weight0;
          total *= shrink;
          ${eachSlice(tile, (slice) => `y[${slice}] *= shrink;`)}
        }
        let p = exp(weight0 - highest);
        total += p;
        ${eachSlice(tile, (slice) => `y[${slice}] += p * value[other + unit];`)}`,
    finish: `let inverse = select(0.0, 1.0 / total, total > 0.0);
        ${eachSliceInside(tile, (slice) => `result[own + unit] = y[${slice}] * inverse;`)}`,
  });
}
