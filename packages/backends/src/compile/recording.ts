import type * as tf from "@tensorflow/tfjs-core";
import type { Operation } from "../node/function-body.ts";
import type { OutsideKernel } from "../node/observer.ts";

/** A tensor of the step, known by its number. */
export interface Value {
  readonly shape: readonly number[];
  /** TensorFlow's number of the type. */
  readonly dtype: number;
}

/** Where a value that the step does not compute comes from at each call. */
export type Source =
  | { readonly kind: "input"; readonly index: number }
  | { readonly kind: "variable"; readonly variable: tf.Variable }
  | { readonly kind: "captured"; readonly dataId: object; readonly place: string };

/** A tensor that is the same at each call. `id` is the binding's, and the recording's to delete. */
export interface Constant {
  readonly id: number;
  /** Where the step makes it. */
  readonly place: string;
}

export type AnyKernel = OutsideKernel<unknown, tf.TensorInfo | tf.TensorInfo[]>;

/** A kernel that computes outside of TensorFlow. */
export interface OutsideCall {
  readonly kernel: AnyKernel;
  readonly attributes: unknown;
  /** The shapes and types that the kernel sees. */
  readonly infos: Readonly<Record<string, Pick<tf.TensorInfo, "shape" | "dtype">>>;
  /** Numbers of values, in the order of `infos`. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

export type Call = Operation | OutsideCall;

/** One run of a step, as numbered values and what was done with them, in order. */
export interface Recording {
  readonly values: readonly Value[];
  readonly sources: ReadonlyMap<number, Source>;
  readonly constants: ReadonlyMap<number, Constant>;
  readonly calls: readonly Call[];
  /** What the step returned. */
  readonly outputs: ReadonlyMap<string, number>;
  /** Variables that the step assigned to, with their last values. */
  readonly assigned: ReadonlyMap<tf.Variable, number>;
}

export function isOutside(call: Call): call is OutsideCall {
  return "kernel" in call;
}
