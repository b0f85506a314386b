import * as tf from "@tensorflow/tfjs-core";
import type { Cases } from "../case.ts";

type Reduction = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

function reductions(name: string, reduce: Reduction): Cases {
  return {
    [`${name} of all`]: (x) => reduce(x),
    [`${name} axis 0`]: (x) => reduce(x, 0),
    [`${name} last axis, kept`]: (x) => reduce(x, -1, true),
    [`${name} axes 0 and 2`]: (x) => reduce(x, [0, 2]),
    [`${name} of a long axis`]: (x) => reduce(x, 1),
  };
}

export const reduceCases: Cases = {
  ...reductions("sum", tf.sum),
  ...reductions("mean", tf.mean),
  "max last axis": (x) => tf.max(x, -1),
  "max of all": (x) => tf.max(x),
  "max axis 1, kept": (x) => tf.max(x, 1, true),
  "min axis 0": (x) => tf.min(x, 0),
  "argMax last axis": (x) => tf.argMax(x, -1),
  "argMax axis 0": (x) => tf.argMax(x, 0),
  "argMin last axis": (x) => tf.argMin(x, -1),
  "argMin of ties": (x) => tf.argMin(x, -1),
  any: (x) => tf.any(tf.cast(x, "bool"), 1),
  all: (x) => tf.all(tf.cast(x, "bool"), 1),
  "cumsum last axis": (x) => tf.cumsum(x, 1),
  "cumsum axis -1": (x) => tf.cumsum(x, -1),
  "cumsum axis 0": (x) => tf.cumsum(x, 0),
  "cumsum exclusive": (x) => tf.cumsum(x, 1, true),
  "cumsum reversed": (x) => tf.cumsum(x, 1, false, true),
  topk: (x) => {
    const { values, indices } = tf.topk(x, 3);
    return [values, indices];
  },
  "topk of everything": (x) => {
    const { values, indices } = tf.topk(x, 12);
    return [values, indices];
  },
};
