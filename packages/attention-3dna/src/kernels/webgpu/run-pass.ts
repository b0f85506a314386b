import type * as tf from "@tensorflow/tfjs-core";
import type { RowLayout } from "../layout.ts";
import { type Call, programKey, rowInputs, tableInputs } from "./call.ts";
import { passIntegers, passWorkgroups } from "./row-pass.ts";
import { runProgram } from "./run-program.ts";
import { threads } from "./tile.ts";

/** A program made by `passCode`, on the tensors of a call. */
export interface Pass {
  readonly name: string;
  /** Tensors of rows besides query, key and value. */
  readonly rows?: Readonly<Record<string, tf.TensorInfo>>;
  /** Of `runStatistics`. */
  readonly statistics?: tf.TensorInfo;
  readonly table: tf.TensorInfo;
  readonly output: { readonly shape: readonly number[]; readonly components: number };
  /** What the rows of the table are, and what its entries are. */
  readonly own: RowLayout;
  readonly other: RowLayout;
  /** Uniforms besides those of every pass. */
  readonly integers?: Readonly<Record<string, number>>;
  code(): string;
}

export function runPass(call: Call, pass: Pass): tf.TensorInfo {
  const { inputs, attributes, tile } = call;
  const { query, key, value, bias } = inputs;
  const { statistics } = pass;
  return runProgram(call.backend, {
    key: programKey(call, pass.name),
    inputs: [
      ...rowInputs(call, { query, key, value, ...pass.rows }),
      ...(statistics ? [{ name: "statistics", info: statistics, components: 4 }] : []),
      ...tableInputs(call, pass.table),
    ],
    output: pass.output,
    integers: {
      ...passIntegers(tile, pass.own, pass.other),
      ...(bias && { columns: bias.shape[1] }), // the length of a row of the bias
      ...pass.integers,
    },
    floats: { scale: attributes.scale },
    workgroupSize: threads,
    workgroups: passWorkgroups(tile, pass.own),
    code: pass.code,
  });
}
