import * as tf from "@tensorflow/tfjs-core";
import type { Cases } from "../case.ts";

const bool = (x: tf.Tensor) => tf.cast(x, "bool");

export const indexCases: Cases = {
  "gather axis 0": (x, indices) => tf.gather(x, indices),
  "gather axis 1": (x, indices) => tf.gather(x, indices, 1),
  "gather by rank 2": (x, indices) => tf.gather(x, indices),
  "gather with batchDims": (x, indices) => tf.gather(x, indices, 1, 1),
  "gather axis 2 with batchDims": (x, indices) => tf.gather(x, indices, 2, 1),
  "gather of one": (x, indices) => tf.gather(x, indices),
  "gather of int32": (x, indices) => tf.gather(x, indices),
  gatherND: (x, indices) => tf.gatherND(x, indices),
  scatterND: (indices, x) => tf.scatterND(indices, x, [5, 2]),
  tensorScatterUpdate: (x, indices, updates) => tf.tensorScatterUpdate(x, indices, updates),
  "tensorScatterUpdate, input kept": (x, indices, updates) => {
    tf.tensorScatterUpdate(x, indices, updates);
    return tf.clone(x);
  },
  unsortedSegmentSum: (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 5),
  oneHot: (indices) => tf.oneHot(indices, 5, 1, 0, "float32"),
  "oneHot of int32": (indices) => tf.oneHot(indices, 5),
  "oneHot of other values": (indices) => tf.oneHot(indices, 4, 0.5, -2, "float32"),
  where: (condition, x, y) => tf.where(bool(condition), x, y),
  "where, broadcast condition": (condition, x, y) => tf.where(bool(condition), x, y),
  greater: (x, y) => tf.greater(x, y),
  greaterEqual: (x, y) => tf.greaterEqual(x, y),
  less: (x, y) => tf.less(x, y),
  lessEqual: (x, y) => tf.lessEqual(x, y),
  equal: (x, y) => tf.equal(x, y),
  notEqual: (x, y) => tf.notEqual(x, y),
  logicalAnd: (x, y) => tf.logicalAnd(bool(x), bool(y)),
  logicalOr: (x, y) => tf.logicalOr(bool(x), bool(y)),
  logicalNot: (x) => tf.logicalNot(bool(x)),
};
