import type { OpAttribute } from "./op-attributes.ts";

/** An operation whose inputs and outputs are numbers of values. */
export interface Operation {
  readonly name: string;
  readonly attributes: readonly OpAttribute[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** A TensorFlow function, as a list of operations over numbered values. */
export interface FunctionBody {
  /** What a call passes, in this order. */
  readonly inputs: readonly {
    readonly value: number;
    readonly shape: readonly number[];
    readonly dtype: number;
  }[];
  /** Tensors that become part of the function: `id` is the binding's. */
  readonly constants: readonly { readonly value: number; readonly id: number; readonly dtype: number }[];
  /** Each after those whose results it reads. */
  readonly operations: readonly Operation[];
  /** The values that a call returns: results of operations. */
  readonly outputs: readonly number[];
  /** Whether XLA compiles it, at its first call. */
  readonly xla: boolean;
}
