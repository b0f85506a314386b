import type { NeighbourTable } from "../neighbour-table.ts";

/** Values in double precision, laid out as `[batch, heads, tokens, headDim]`. */
export interface OracleInputs {
  readonly query: Float64Array;
  readonly key: Float64Array;
  readonly value: Float64Array;
  /** The gradient of the result. */
  readonly dy: Float64Array;
  /** `[heads, offsets]`. */
  readonly bias?: Float64Array;
}

export interface OracleShape {
  readonly table: NeighbourTable;
  readonly batch: number;
  readonly heads: number;
  readonly headDim: number;
  readonly keyCount: number;
  readonly scale: number;
  readonly offsetOf?: Int32Array;
}

export interface OracleResults {
  readonly y: Float64Array;
  readonly dQuery: Float64Array;
  readonly dKey: Float64Array;
  readonly dValue: Float64Array;
  readonly dBias: Float64Array;
  /** The largest sum of absolute values that makes up an element of `dBias`, most of which cancels out. */
  readonly dBiasTerms: number;
}

/** `softmax(scale q k^T + bias) v` and its gradients, pair by pair in double precision. */
export function oracleAttention(inputs: OracleInputs, shape: OracleShape): OracleResults {
  const { query, key, value, dy, bias = new Float64Array() } = inputs;
  const { table, batch, heads, headDim, keyCount, scale, offsetOf } = shape;
  const { offsets, keys } = table;
  const queryCount = offsets.length - 1;
  const results = {
    y: new Float64Array(query.length),
    dQuery: new Float64Array(query.length),
    dKey: new Float64Array(key.length),
    dValue: new Float64Array(key.length),
    dBias: new Float64Array(bias.length),
  };
  const terms = new Float64Array(bias.length);
  for (let group = 0; group < batch * heads; group++) {
    const biasRow = ((group % heads) * bias.length) / heads;
    for (let n = 0; n < queryCount; n++) {
      const own = (group * queryCount + n) * headDim;
      const entries = Array.from({ length: offsets[n + 1] - offsets[n] }, (_, index) => offsets[n] + index);
      const rows = entries.map((entry) => (group * keyCount + keys[entry]) * headDim);
      const columns = entries.map((entry) => (offsetOf ? biasRow + offsetOf[entry] : -1));
      const scores = rows.map(
        (row, index) =>
          scale * dot(query, own, key, row, headDim) + (columns[index] < 0 ? 0 : bias[columns[index]]),
      );
      const largest = scores.reduce((a, b) => Math.max(a, b));
      const exponentials = scores.map((score) => Math.exp(score - largest));
      const sum = exponentials.reduce((a, b) => a + b);
      const weights = exponentials.map((each) => each / sum);
      const weightGradients = rows.map((row) => dot(dy, own, value, row, headDim));
      const mean = weights.reduce((total, weight, index) => total + weight * weightGradients[index], 0);
      rows.forEach((row, index) => {
        const gradient = weights[index] * (weightGradients[index] - mean);
        if (columns[index] >= 0) {
          results.dBias[columns[index]] += gradient;
          terms[columns[index]] += Math.abs(gradient);
        }
        for (let c = 0; c < headDim; c++) {
          results.y[own + c] += weights[index] * value[row + c];
          results.dQuery[own + c] += scale * gradient * key[row + c];
          results.dKey[row + c] += scale * gradient * query[own + c];
          results.dValue[row + c] += weights[index] * dy[own + c];
        }
      });
    }
  }
  return { ...results, dBiasTerms: terms.reduce((a, b) => Math.max(a, b), 0) };
}

function dot(a: Float64Array, i: number, b: Float64Array, j: number, count: number): number {
  let sum = 0;
  for (let c = 0; c < count; c++) sum += a[i + c] * b[j + c];
  return sum;
}
