import * as tf from "@tensorflow/tfjs-core";
import type { Cases, Run } from "../case.ts";

const binary: Cases = {
  add: (x, y) => tf.add(x, y),
  sub: (x, y) => tf.sub(x, y),
  mul: (x, y) => tf.mul(x, y),
  div: (x, y) => tf.div(x, y),
  maximum: (x, y) => tf.maximum(x, y),
  minimum: (x, y) => tf.minimum(x, y),
  squaredDifference: (x, y) => tf.squaredDifference(x, y),
};

const broadcasts = Object.entries(binary).flatMap(([name, run]): [string, Run][] => [
  [name, run],
  [`${name}, right broadcast`, run],
  [`${name}, both broadcast`, run],
]);

export const elementwiseCases: Cases = {
  ...Object.fromEntries(broadcasts),
  "add, left broadcast": binary.add,
  "add rank 4 broadcast": binary.add,
  "mul by a scalar": binary.mul,
  pow: (x, y) => tf.pow(x, y),
  "addN of 12": (...terms) => tf.addN(terms),
  square: (x) => tf.square(x),
  exp: (x) => tf.exp(x),
  tanh: (x) => tf.tanh(x),
  sigmoid: (x) => tf.sigmoid(x),
  erf: (x) => tf.erf(x),
  abs: (x) => tf.abs(x),
  neg: (x) => tf.neg(x),
  relu: (x) => tf.relu(x),
  softplus: (x) => tf.softplus(x),
  sin: (x) => tf.sin(x),
  cos: (x) => tf.cos(x),
  leakyRelu: (x) => tf.leakyRelu(x, 0.2),
  clipByValue: (x) => tf.clipByValue(x, -0.5, 0.8),
  sqrt: (x) => tf.sqrt(x),
  rsqrt: (x) => tf.rsqrt(x),
  log: (x) => tf.log(x),
  log1p: (x) => tf.log1p(x),
  reciprocal: (x) => tf.reciprocal(x),
  floor: (x) => tf.floor(x),
  sign: (x) => tf.sign(x),
  round: (x) => tf.round(x),
  softmax: (x) => tf.softmax(x),
  "softmax rank 4": (x) => tf.softmax(x),
  "softmax of size 1": (x) => tf.softmax(x),
  "softmax of masked logits": (x, mask) => {
    const [rows, columns] = mask.shape;
    const first = tf.oneHot(tf.zeros([rows], "int32"), columns, 1, 0, "int32");
    const shown = tf.cast(tf.maximum(mask, first), "float32"); // column 0 is always shown
    return tf.softmax(tf.add(x, tf.mul(tf.sub(1, shown), -1e9)));
  },
  logSoftmax: (x) => tf.logSoftmax(x),
  logSumExp: (x) => tf.logSumExp(x, -1),
  "logSumExp axis 1, kept": (x) => tf.logSumExp(x, 1, true),
};
