import type * as tf from "@tensorflow/tfjs-core";
import type { FusedKernels } from "../kernel.ts";
import { runBiasGradient } from "./bias-gradient.ts";
import { type Call, callOf } from "./call.ts";
import { runForward } from "./forward.ts";
import { runKeyGradients } from "./key-gradients.ts";
import { packByColumn, packByKey, packByQuery } from "./packed-table.ts";
import { runQueryGradient } from "./query-gradient.ts";
import { runStatistics } from "./statistics.ts";
import { type TableSource, tableTensor } from "./table-buffer.ts";

/**
 * Attention over a table's pairs in WGSL, for tfjs-backend-webgpu. Float32, no optional features; memory grows with
 * the tokens and the table, never with queries times keys. The gradients compute the scores again, from
 * three numbers kept for each query.
 *
 * What a shader reads or writes as one array must fit into one binding: each tensor, the table (a number a pair, two
 * with a bias) and, in the gradient, those of key and value together. That is 128 MiB on a device with default
 * limits, and what the adapter allows on one that `useBackend` opened. Beyond it both throw a NuwaError `BACKEND`.
 * Invalid commands surface as all do on this backend: when a tensor is read.
 */
export const webgpuKernels: FusedKernels = {
  forward(backend, inputs, attributes) {
    const call = callOf(backend, inputs, attributes);
    return withTable(call, byQuery(call), (table) => [runForward(call, table)]);
  },

  gradient(backend, inputs, attributes) {
    const call = callOf(backend, inputs, attributes);
    return withTable(call, byQuery(call), (table) => {
      const statistics = runStatistics(call, inputs.dy, table);
      try {
        const backward = { dy: inputs.dy, statistics };
        // First what needs the most memory: where it fails, there is nothing to give back.
        const dKeyAndValue = withTable(call, byKey(call), (transposed) =>
          runKeyGradients(call, { ...backward, table: transposed }),
        );
        const dQuery = runQueryGradient(call, { ...backward, table });
        if (!inputs.bias) return [dQuery, ...dKeyAndValue];
        const dBias = withTable(call, byColumn(call), (columns) => [
          runBiasGradient(call, { ...backward, table: columns }),
        ]);
        return [dQuery, ...dKeyAndValue, ...dBias];
      } finally {
        call.backend.disposeData(statistics.dataId);
      }
    });
  },
};

function byQuery({ attributes: { table, offsetOf } }: Call): TableSource {
  return { table, offsetOf, kind: "query", pack: () => packByQuery(table, offsetOf) };
}

function byKey({ attributes: { table, offsetOf }, keys }: Call): TableSource {
  return { table, offsetOf, kind: "key", pack: () => packByKey(table, keys.tokens, offsetOf) };
}

function byColumn({ attributes: { table, offsetOf }, inputs }: Call): TableSource {
  const columns = inputs.bias!.shape[1];
  return { table, offsetOf, kind: `column ${columns}`, pack: () => packByColumn(table, offsetOf!, columns) };
}

function withTable(
  { backend }: Call,
  source: TableSource,
  run: (table: tf.TensorInfo) => tf.TensorInfo[],
): tf.TensorInfo[] {
  const table = tableTensor(backend, source);
  try {
    return run(table);
  } finally {
    table.dispose();
  }
}
