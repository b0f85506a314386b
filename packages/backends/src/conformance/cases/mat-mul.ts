import * as tf from "@tensorflow/tfjs-core";
import type { Cases, Run } from "../case.ts";

const transposes: readonly (readonly [words: string, a: boolean, b: boolean])[] = [
  ["", false, false],
  [", transposed a", true, false],
  [", transposed b", false, true],
  [", both transposed", true, true],
];

const byRank = [2, 3, 4].flatMap((rank) =>
  transposes.map(([words, a, b]): [string, Run] => [
    `matMul rank ${rank}${words}`,
    (x, y) => tf.matMul(x, y, a, b),
  ]),
);

export const matMulCases: Cases = {
  ...Object.fromEntries(byRank),
  "matMul rank 3 by rank 2": (x, y) => tf.matMul(x, y),
  "matMul rank 4 by rank 2": (x, y) => tf.matMul(x, y),
  "matMul broadcast batch": (x, y) => tf.matMul(x, y),
  "matMul, both batches broadcast": (x, y) => tf.matMul(x, y),
  "matMul, an inner batch axis broadcast": (x, y) => tf.matMul(x, y, false, true),
  "matMul of size 1": (x, y) => tf.matMul(x, y),
  "matMul of 32": (x, y) => tf.matMul(x, y),
  "matMul of odd sizes": (x, y) => tf.matMul(x, y),
  "matMul of a long inner axis": (x, y) => tf.matMul(x, y),
  "matMul rank 3 of 32, transposed b": (x, y) => tf.matMul(x, y, false, true),
};
