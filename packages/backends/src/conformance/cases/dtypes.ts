import * as tf from "@tensorflow/tfjs-core";
import type { Cases } from "../case.ts";

const zero = () => tf.scalar(0);

/** Types other than float32, tensors made from nothing, and tensors without elements. */
export const dtypeCases: Cases = {
  "add of int32": (x, y) => tf.add(x, y),
  "sub of int32": (x, y) => tf.sub(x, y),
  "mul of int32": (x, y) => tf.mul(x, y),
  "maximum of int32": (x, y) => tf.maximum(x, y),
  "sum of int32": (x) => tf.sum(x, 1),
  "cast float32 to int32": (x) => tf.cast(x, "int32"),
  "cast int32 to float32": (x) => tf.cast(x, "float32"),
  "cast bool to float32": (x) => tf.cast(tf.greater(x, zero()), "float32"),
  "cast float32 to bool": (x) => tf.cast(x, "bool"),
  "sum of bool": (x) => tf.sum(tf.greater(x, zero())),
  "zeros, ones, fill, range": () => [
    tf.zeros([2, 3]),
    tf.ones([4]),
    tf.fill([2, 2], 1.5),
    tf.range(1, 10, 3, "int32"),
  ],
  "sum of nothing": (x) => tf.sum(x, 0),
  "slice to nothing": (x) => tf.slice(x, [1, 0], [0, 3]),
  "add of nothing": (x, y) => tf.add(x, y),
};
