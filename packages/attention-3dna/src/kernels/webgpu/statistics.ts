import type * as tf from "@tensorflow/tfjs-core";
import type { Call } from "./call.ts";
import { passCode } from "./row-pass.ts";
import { runPass } from "./run-pass.ts";
import type { Tile } from "./tile.ts";

/**
 * What the gradients need of each query's softmax, `[batch * heads * queries, 4]`: the largest score, one over the sum
 * of `exp(score - largest)`, and the mean of `dp = dy v` under the softmax. Two numbers for the softmax rather
 * than one log-sum-exp keep large scores accurate.
 */
export function runStatistics(call: Call, dy: tf.TensorInfo, table: tf.TensorInfo): tf.TensorInfo {
  const { inputs, queries, keys, tile } = call;
  return runPass(call, {
    name: "statistics",
    rows: { dy },
    table,
    output: { shape: [queries.batch * queries.heads * queries.tokens, 4], components: 4 },
    own: queries,
    other: keys,
    code: () => statisticsCode(tile, inputs.bias !== undefined),
  });
}

/** Each thread of a row sees some of its pairs; the first one puts their sums together. */
function statisticsCode(tile: Tile, biased: boolean): string {
  return passCode({
    tile,
    biased,
    dots: [
      ["query", "key"],
      ["dy", "value"],
    ],
    declare: "var highest = lowest; var total = 0.0; var weighted = 0.0;",
    combine: `
          if (score > highest) {
            let shrink = exp(highest - score);
            highest = score;
            total *= shrink;
            weighted *= shrink;
          }
          let p = exp(score - highest);
          total += p;
          weighted += p * dot1;`,
    weights: [],
    accumulate: "",
    gather: `
      parts0[thread] = highest;
      parts0[threads + thread] = total;
      parts0[2 * threads + thread] = weighted;
      workgroupBarrier();`,
    finish: `
        if (lane == 0) {
          ${tile.lanes === 1 ? "" : lanesSum}
          let inverse = select(0.0, 1.0 / total, total > 0.0);
          result[row] = vec4<f32>(highest, inverse, weighted * inverse, 0.0);
        }`,
  });
}

const lanesSum = `
          for (var part = 1; part < lanes; part++) { highest = max(highest, parts0[thread + part]); }
          total = 0.0;
          weighted = 0.0;
          for (var part = 0; part < lanes; part++) {
            let shrink = exp(parts0[thread + part] - highest);
            total += shrink * parts0[threads + thread + part];
            weighted += shrink * parts0[2 * threads + thread + part];
          }`;
