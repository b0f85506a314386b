import { layoutOf, type RowLayout } from "../kernels/layout.ts";
import type { NeighbourTable } from "../neighbour-table.ts";

type Numbers = ArrayLike<number>;

export interface Float64Attention {
  readonly queryShape: number[];
  readonly keyShape: number[];
  readonly query: Numbers;
  readonly key: Numbers;
  readonly value: Numbers;
  readonly dy: Numbers;
  readonly table: NeighbourTable;
  readonly heads: number;
  readonly scale: number;
  readonly bias?: { readonly values: Numbers; readonly columns: number; readonly offsetOf: Int32Array };
}

/** Attention over a table and all its gradients by plain loops in float64: what fused kernels are tested against. */
export function float64Attention(given: Float64Attention) {
  const { query, key, value, dy, table, heads, scale, bias } = given;
  const queries = layoutOf({ shape: given.queryShape } as never, heads);
  const keys = layoutOf({ shape: given.keyShape } as never, heads);
  const { headDim } = queries;
  const y = new Float64Array(query.length);
  const dQuery = new Float64Array(query.length);
  const dKey = new Float64Array(key.length);
  const dValue = new Float64Array(key.length);
  const dBias = new Float64Array(bias ? bias.values.length : 0);
  const dot = (a: Numbers, at: number, b: Numbers, bt: number) => {
    let sum = 0;
    for (let d = 0; d < headDim; d++) sum += a[at + d] * b[bt + d];
    return sum;
  };
  const add = (into: Float64Array, at: number, factor: number, from: Numbers, place: number) => {
    for (let d = 0; d < headDim; d++) into[at + d] += factor * from[place + d];
  };
  forEachQuery(queries, (batch, head, token, q) => {
    const entries = Array.from(
      { length: table.offsets[token + 1] - table.offsets[token] },
      (_, index) => table.offsets[token] + index,
    );
    const rows = entries.map((entry) => rowOf(keys, batch, head, table.keys[entry]));
    const columns = entries.map((entry) => (bias ? head * bias.columns + bias.offsetOf[entry] : 0));
    const scores = rows.map(
      (k, index) => scale * dot(query, q, key, k) + (bias?.values[columns[index]] ?? 0),
    );
    const highest = scores.reduce((a, b) => Math.max(a, b));
    const powers = scores.map((score) => Math.exp(score - highest));
    const total = powers.reduce((a, b) => a + b);
    const p = powers.map((power) => power / total);
    const dp = rows.map((k) => dot(dy, q, value, k));
    const mean = p.reduce((sum, weight, index) => sum + weight * dp[index], 0);
    rows.forEach((k, index) => {
      const ds = p[index] * (dp[index] - mean);
      add(y, q, p[index], value, k);
      add(dValue, k, p[index], dy, q);
      add(dQuery, q, scale * ds, key, k);
      add(dKey, k, scale * ds, query, q);
      if (bias) dBias[columns[index]] += ds;
    });
  });
  return { y, dQuery, dKey, dValue, ...(bias ? { dBias } : {}) };
}

function forEachQuery(
  layout: RowLayout,
  visit: (batch: number, head: number, token: number, row: number) => void,
): void {
  for (let batch = 0; batch < layout.batch; batch++) {
    for (let head = 0; head < layout.heads; head++) {
      for (let token = 0; token < layout.tokens; token++) {
        visit(batch, head, token, rowOf(layout, batch, head, token));
      }
    }
  }
}

function rowOf(layout: RowLayout, batch: number, head: number, token: number): number {
  return batch * layout.batchStride + head * layout.headStride + token * layout.tokenStride;
}
