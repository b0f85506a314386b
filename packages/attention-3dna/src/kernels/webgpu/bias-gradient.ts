import type * as tf from "@tensorflow/tfjs-core";
import { type Call, programKey, rowInputs, tableInputs } from "./call.ts";
import type { Backward } from "./query-gradient.ts";
import { runProgram } from "./run-program.ts";
import { eachSliceInside, type Tile, threads, tileCode } from "./tile.ts";

/**
 * `dbias[head, column] = sum ds` over the batch and the column's pairs. A workgroup adds up a column of one
 * head and batch entry; where the batch has more, a second program adds those.
 *
 * @param table by column
 */
export function runBiasGradient(call: Call, { dy, statistics, table }: Backward): tf.TensorInfo {
  const { backend, inputs, attributes, queries, keys, tile } = call;
  const { query, key, value } = inputs;
  const { width } = tile;
  const bias = inputs.bias!;
  const [heads, columns] = bias.shape;
  const { batch } = queries;
  const sums = runProgram(backend, {
    key: programKey(call, "bias-gradient"),
    inputs: [
      ...rowInputs(call, { query, key, value, dy }),
      { name: "statistics", info: statistics, components: 4 },
      ...tableInputs(call, table),
    ],
    output: { shape: batch === 1 ? bias.shape : [batch, ...bias.shape], components: 1 },
    integers: {
      count: batch * heads * columns,
      heads,
      columns,
      queryTokens: queries.tokens,
      queryBatch: queries.batchStride / width,
      queryHead: queries.headStride / width,
      queryToken: queries.tokenStride / width,
      keyBatch: keys.batchStride / width,
      keyHead: keys.headStride / width,
      keyToken: keys.tokenStride / width,
    },
    floats: { scale: attributes.scale },
    workgroupSize: threads,
    workgroups: batch * heads * columns,
    code: () => biasGradientCode(tile),
  });
  if (batch === 1) return sums;
  const total = sumBatch(call, sums, bias.shape);
  backend.disposeData(sums.dataId);
  return total;
}

/** The inner products add up in the order of the passes by row, or large scores would differ from their maximum. */
function biasGradientCode(tile: Tile): string {
  return `
    ${tileCode(tile, 2)}
    var<workgroup> sums: array<f32, ${threads}>;
    fn main() {
      let thread = i32(localIndex);
      let group = i32(workgroupId.y * numWorkgroups.x + workgroupId.x);
      let place = min(group, uniforms.count - 1);
      let column = place % uniforms.columns;
      let plane = place / uniforms.columns;
      let batch = plane / uniforms.heads;
      let head = plane % uniforms.heads;
      let offset = bias[head * uniforms.columns + column];
      let queries = batch * uniforms.queryBatch + head * uniforms.queryHead;
      let keys = batch * uniforms.keyBatch + head * uniforms.keyHead;
      let entries = uniforms.columns + 1;
      let end = table[column + 1];
      var sum = 0.0;
      for (var entry = table[column] + thread; entry < end; entry += ${threads}) {
        let token = table[entries + entry * entryStride];
        let q = queries + token * uniforms.queryToken;
        let k = keys + table[entries + entry * entryStride + 1] * uniforms.keyToken;
        var dot0 = 0.0;
        var dot1 = 0.0;
        for (var lane = 0; lane < lanes; lane++) {
          var part0 = 0.0;
          var part1 = 0.0;
          ${eachSliceInside(
            tile,
            () =>
              `part0 += inner(query[q + unit], key[k + unit]); part1 += inner(dy[q + unit], value[k + unit]);`,
          )}
          dot0 += part0;
          dot1 += part1;
        }
        let softmax = statistics[plane * uniforms.queryTokens + token];
        sum += exp(dot0 * uniforms.scale + offset - softmax.x) * softmax.y * (dot1 - softmax.z);
      }
      sums[thread] = sum;
      workgroupBarrier();
      if (thread == 0 && group < uniforms.count) {
        for (var other = 1; other < ${threads}; other++) { sum += sums[other]; }
        result[group] = sum;
      }
    }`;
}

function sumBatch({ backend, queries }: Call, sums: tf.TensorInfo, shape: number[]): tf.TensorInfo {
  const count = shape[0] * shape[1];
  return runProgram(backend, {
    key: "sum-batch",
    inputs: [{ name: "sums", info: sums, components: 1 }],
    output: { shape, components: 1 },
    integers: { count, batch: queries.batch },
    workgroupSize: threads,
    workgroups: Math.ceil(count / threads),
    code: () => `
    fn main() {
      let index = i32(workgroupId.y * numWorkgroups.x + workgroupId.x) * ${threads} + i32(localIndex);
      if (index < uniforms.count) {
        var sum = 0.0;
        for (var batch = 0; batch < uniforms.batch; batch++) { sum += sums[batch * uniforms.count + index]; }
        result[index] = sum;
      }
    }`,
  });
}
