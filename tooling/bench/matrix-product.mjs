// Matrix products of the models' sizes on the node backend, in float32 and bfloat16, casts included.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { useBackend } from "@nuwa/backends";
import { autocast, matrixProduct, Rng, randomNormal, valueAndGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { takeTurns } from "./lib/turns.mjs";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    calls: { type: "string", default: "5" },
    threads: { type: "string", default: String(availableParallelism()) },
  },
});
const threads = Number(options.threads);
const turns = { rounds: Number(options.rounds), calls: Number(options.calls) };
/** Rows, features in and features out. */
const sizes = [
  [1280, 256, 256],
  [1280, 256, 1024],
  [1280, 1024, 256],
  [10240, 256, 1024],
  [2560, 512, 2048],
  [1000, 1280, 5120],
  [2560, 1280, 1280],
];

const { detail } = await useBackend("node", { threads });
console.log(`${detail}; the smallest time of a product alone, and of one with both gradients`);
for (const [rows, from, to] of sizes) {
  const x = randomNormal([rows, from], new Rng(1));
  const weight = randomNormal([from, to], new Rng(2));
  const product = (precision) => () =>
    tf.tidy(() => void autocast(precision, () => matrixProduct(x, weight)));
  const both = (precision) => () =>
    tf.tidy(() => {
      const loss = () => ({ loss: autocast(precision, () => tf.sum(matrixProduct(x, weight))) });
      valueAndGradients(loss, { x, weight });
    });
  const contestants = Object.entries({ product, both }).flatMap(([name, create]) =>
    ["float32", "bfloat16"].map((precision) => contestant(`${name} ${precision}`, create(precision))),
  );
  const times = await takeTurns(contestants, turns);
  const cells = ["product", "both"].map((name) => {
    const [single, brief] = ["float32", "bfloat16"].map((precision) => times[`${name} ${precision}`].min);
    return `${name} ${milliseconds(single)} / ${milliseconds(brief)} ms, ${(single / brief).toFixed(2)} times`;
  });
  console.log(`  ${rows} x ${from} by ${from} x ${to}: ${cells.join("; ")}`);
  tf.dispose([x, weight]);
}

/** A TensorFlow operation on the processor has ended when its call returns. */
function contestant(name, call) {
  const run = (calls) =>
    Array.from({ length: calls }, () => {
      const started = performance.now();
      call();
      return (performance.now() - started) / 1000;
    });
  return { name, run };
}

function milliseconds(seconds) {
  return (seconds * 1000).toFixed(2);
}
