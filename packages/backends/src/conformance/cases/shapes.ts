import * as tf from "@tensorflow/tfjs-core";
import type { Cases, Run } from "../case.ts";

const orders = ["1,0", "0,2,1", "2,0,1", "0,2,1,3", "0,3,1,2", "3,1,2,0", "0,3,1,4,2"];
const transposes = orders.map((order): [string, Run] => [
  `transpose ${order}`,
  (x) => tf.transpose(x, order.split(",").map(Number)),
]);

export const shapeCases: Cases = {
  "concat axis 0": (...parts) => tf.concat(parts, 0),
  "concat last axis": (...parts) => tf.concat(parts, -1),
  "concat axis 1 of rank 4": (...parts) => tf.concat(parts, 1),
  "concat with an empty one": (...parts) => tf.concat(parts, 0),
  "concat of 12": (...parts) => tf.concat(parts, 1),
  "slice rank 2": (x) => tf.slice(x, [1, 2], [3, 4]),
  "slice rank 4": (x) => tf.slice(x, [1, 0, 1, 0], [2, 2, 3, 2]),
  "slice rank 5": (x) => tf.slice(x, [0, 1, 0, 0, 1], [2, 2, 2, 2, 1]),
  stridedSlice: (x) => tf.stridedSlice(x, [0, 1], [5, 6], [2, 2]),
  "stack axis 0": (...parts) => tf.stack(parts, 0),
  "stack axis 1": (...parts) => tf.stack(parts, 1),
  "unstack axis 1": (x) => tf.unstack(x, 1),
  "split in equal parts": (x) => tf.split(x, 3, 1),
  "split in unequal parts": (x) => tf.split(x, [1, 3, 1], 0),
  "tile rank 2": (x) => tf.tile(x, [2, 3]),
  "tile rank 4": (x) => tf.tile(x, [1, 2, 2, 3]),
  broadcastTo: (x) => tf.broadcastTo(x, [2, 3, 4]),
  "pad rank 2": (x) => tf.pad(x, pairs("1,0 0,2")),
  "pad rank 4": (x) => tf.pad(x, pairs("0,0 1,2 0,1 0,0")),
  "pad rank 5, constant": (x) => tf.pad(x, pairs("0,0 2,0 0,1 0,0 1,0"), 0.5),
  reverse: (x) => tf.reverse(x, 1),
  reshape: (x) => tf.reshape(x, [3, 4]),
  "expandDims and squeeze": (x) => tf.squeeze(tf.expandDims(x, 0), [2]),
  ...Object.fromEntries(transposes),
};

/** `"1,0 0,2"` -> `[[1, 0], [0, 2]]`. */
function pairs(words: string): [number, number][] {
  return words.split(" ").map((pair) => pair.split(",").map(Number) as [number, number]);
}
