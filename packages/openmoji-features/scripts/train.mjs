// Trains the network on Moving OpenMoji's drawings and writes its weights and training.json:
//   node packages/openmoji-features/scripts/train.mjs [--steps 6000] [--seed 0] [--name NAME] [--out FOLDER] [--cache FOLDER]
// It takes one core for some ten minutes. Build first: it uses dist.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { useBackend } from "@nuwa/backends";
import { readCatalog } from "@nuwa/data";
import { AdamW, cosineSchedule, Rng, valueAndGradients } from "@nuwa/tensor3d";
import { writeAtomically, writeSafetensors } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";
import { OpenMojiFeatures } from "../dist/index.js";
import { drawBatch } from "./training/batch.mjs";
import { accuracy, nearestNeighbours } from "./training/evaluate.mjs";
import { foldedWeights } from "./training/fold.mjs";
import { Classifier } from "./training/model.mjs";
import { splitDrawings } from "./training/split.mjs";
import { openSprites } from "./training/sprites.mjs";

const batchSize = 32;
const peak = 3e-3;
const warmupSteps = 100;
const reportEvery = 100;

const { values: options } = parseArgs({
  options: {
    steps: { type: "string", default: "6000" },
    seed: { type: "string", default: "0" },
    name: { type: "string", default: "openmoji-features-1" },
    out: { type: "string", default: fileURLToPath(new URL("../weights/", import.meta.url)) },
    cache: { type: "string" },
  },
});
const [steps, seed] = [Number(options.steps), Number(options.seed)];
const { name } = options;

const backend = await useBackend("node", { threads: 1 });
const { version } = await readCatalog();
const { entries, sprites } = await openSprites({ cacheDir: options.cache });
const { trained, unseen } = splitDrawings(entries);
const [trainedSprites, unseenSprites] = [trained, unseen].map((indices) =>
  indices.map((index) => sprites[index]),
);
console.log(`${trained.length} drawings to train on, ${unseen.length} unseen; ${backend.detail}`);

const rng = new Rng(seed);
const classifier = new Classifier(trained.length, rng.fork("classifier"));
const started = process.cpuUsage().user;
await train();
const trainingSeconds = (process.cpuUsage().user - started) / 1e6;

const weights = foldedWeights(classifier);
const file = join(options.out, `${name}.safetensors`);
const licence = "CC BY-SA 4.0, made from the drawings of OpenMoji (openmoji.org)";
await writeSafetensors(file, weights, { name, licence }, { dtype: "F16" });
tf.dispose(weights);
const report = await describe();
await writeAtomically(join(options.out, "training.json"), `${JSON.stringify(report, undefined, 2)}\n`);
console.log(JSON.stringify(report.metrics, undefined, 2));

async function train() {
  const params = classifier.trainable();
  const optimizer = new AdamW(params, { beta2: 0.99, weightDecay: 0.02, clipNorm: 1 });
  const schedule = cosineSchedule({ peak, warmupSteps, totalSteps: steps });
  for (let step = 0; step < steps; step++) {
    const stepRng = rng.fork("step", step);
    const labels = stepRng.integers(batchSize, trained.length);
    const drawings = Array.from(labels, (label) => trainedSprites[label]);
    const batch = drawBatch(drawings, stepRng, { isDamaged: true });
    const labelTensor = tf.tensor1d(labels, "int32");
    const losses = tf.tidy(() => {
      const { value, gradients } = valueAndGradients(() => classifier.losses(batch, labelTensor), params);
      optimizer.step(gradients, schedule(step));
      return value;
    });
    if ((step + 1) % reportEvery === 0) await reportLosses(step + 1, losses);
    tf.dispose([losses, batch, labelTensor]);
  }
  optimizer.dispose();
}

async function reportLosses(step, losses) {
  const values = await Promise.all(
    Object.entries(losses).map(async ([key, loss]) => `${key} ${(await loss.data())[0].toFixed(3)}`),
  );
  const seconds = ((process.cpuUsage().user - started) / 1e6).toFixed(0);
  console.log(`step ${step} of ${steps}, ${seconds} s: ${values.join(", ")}`);
}

/** What made the weights and what they are worth; the embedding is that of the file, in 16 bits. */
async function describe() {
  const features = OpenMojiFeatures.load(await readFile(file));
  const test = rng.fork("test");
  const kinds = {
    plain: { size: 64, isPlain: true },
    scenes: {},
    damagedScenes: { isDamaged: true },
    largerScenes: { size: 64 },
  };
  const metrics = { accuracy: {}, nearestOfUnseen: { byChance: 1 / unseen.length } };
  for (const [kind, picture] of Object.entries(kinds)) {
    metrics.accuracy[kind] = await accuracy(classifier, trainedSprites, 2, test.fork(kind), picture);
    const unseenRng = test.fork("unseen", kind);
    metrics.nearestOfUnseen[kind] = await nearestNeighbours(features, unseenSprites, 10, unseenRng, picture);
  }
  features.dispose();
  return {
    name,
    command: `node packages/openmoji-features/scripts/train.mjs --steps ${steps} --seed ${seed}`,
    data: { openmoji: version, drawings: entries.length, unseen: unseen.map((index) => entries[index].name) },
    training: { steps, batchSize, peak, warmupSteps, seed, cpuSeconds: Math.round(trainingSeconds) },
    backend: backend.detail,
    metrics,
  };
}
