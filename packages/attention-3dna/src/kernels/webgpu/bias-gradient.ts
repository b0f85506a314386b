import type * as tf from "@tensorflow/tfjs-core";
import { type Call, programKey, rowInputs, tableInputs } from "./call.ts";
import type { Backward } from "./query-gradient.ts";
import { runProgram } from "./run-program.ts";
import { eachSliceInside, type Tile, threads, tileCode } from "./tile.ts";

/** Pairs of a column that a thread adds up, where the column has few. */
const pairsPerThread = 8;
/** Threads that share a column, at most. */
const mostParts = 64;

/**
 * `dbias[head, column] = sum ds` over the batch and the column's pairs. Each thread adds up a part of a column for one
 * head and batch entry; a second program adds those.
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
  const pairs = attributes.table.keys.length / columns;
  const parts = Math.min(mostParts, Math.ceil(pairs / pairsPerThread));
  const count = batch * heads * columns * parts;
  const sums = runProgram(backend, {
    key: programKey(call, "bias-gradient"),
    inputs: [
      ...rowInputs(call, { query, key, value, dy }),
      { name: "statistics", info: statistics, components: 4 },
      ...tableInputs(call, table),
    ],
    output: { shape: [batch, heads, columns, parts], components: 1 },
    integers: {
      count,
      heads,
      columns,
      parts,
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
    workgroups: Math.ceil(count / threads),
    code: () => biasGradientCode(tile),
  });
  const total = addParts(call, sums, bias.shape, parts);
  backend.disposeData(sums.dataId);
  return total;
}

/** The inner products add up in the order of the passes by row, or large scores would differ from their maximum. */
function biasGradientCode(tile: Tile): string {
  return `
    ${tileCode(tile, 2)}
    fn main() {
      let index = i32(workgroupId.y * numWorkgroups.x + workgroupId.x) * threads + i32(localIndex);
      if (index >= uniforms.count) { return; }
      let part = index % uniforms.parts;
      let place = index / uniforms.parts;
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
      for (var entry = table[column] + part; entry < end; entry += uniforms.parts) {
        let token = table[entries + entry * entryStride];
        let q = queries + token * uniforms.queryToken;
        let k = keys + table[entries + entry * entryStride + 1] * uniforms.keyToken;
        var dot0 = 0.0;
        var dot1 = 0.0;
        for (var lane = 0; lane < lanes; lane++) {
          var sum0 = 0.0;
          var sum1 = 0.0;
          ${eachSliceInside(
            tile,
            () =>
              `sum0 += inner(query[q + unit], key[k + unit]); sum1 += inner(dy[q + unit], value[k + unit]);`,
          )}
          dot0 += sum0;
          dot1 += sum1;
        }
        let softmax = statistics[plane * uniforms.queryTokens + token];
        sum += exp(dot0 * uniforms.scale + offset - softmax.x) * softmax.y * (dot1 - softmax.z);
      }
      result[index] = sum;
    }`;
}

/** `[batch, heads, columns, parts]` -> `[heads, columns]`. */
function addParts({ backend, queries }: Call, sums: tf.TensorInfo, shape: number[], parts: number) {
  const count = shape[0] * shape[1];
  return runProgram(backend, {
    key: "add-parts",
    inputs: [{ name: "sums", info: sums, components: 1 }],
    output: { shape, components: 1 },
    integers: { count, parts, batch: queries.batch },
    workgroupSize: threads,
    workgroups: Math.ceil(count / threads),
    code: () => `
    fn main() {
      let index = i32(workgroupId.y * numWorkgroups.x + workgroupId.x) * ${threads} + i32(localIndex);
      if (index >= uniforms.count) { return; }
      var total = 0.0;
      for (var batch = 0; batch < uniforms.batch; batch++) {
        let first = (batch * uniforms.count + index) * uniforms.parts;
        var sum = 0.0;
        for (var part = 0; part < uniforms.parts; part++) { sum += sums[first + part]; }
        total += sum;
      }
      result[index] = total;
    }`,
  });
}
