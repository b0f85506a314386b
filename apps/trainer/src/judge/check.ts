// Trains a judge on real renderings and prints how far it can be trusted:
//   node apps/trainer/dist/judge/check.js [--backend node] [--steps 300] [--seed 0] [--motions right,left]
import { parseArgs } from "node:util";
import { type BackendName, useBackend } from "@nuwa/backends";
import { MovingOpenMoji, type MovingOpenMojiConfig } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { judgeAccuracy } from "./accuracy.ts";
import { trainJudge } from "./train-judge.ts";

const { values } = parseArgs({
  options: {
    backend: { type: "string", default: "auto" },
    steps: { type: "string", default: "300" },
    seed: { type: "string", default: "0" },
    motions: { type: "string" },
  },
});

const backend = await useBackend(values.backend as BackendName);
const config = values.motions === undefined ? {} : { motions: values.motions.split(",") };
const dataset = await MovingOpenMoji.open(config as MovingOpenMojiConfig);
const rng = new Rng(Number(values.seed));
const started = performance.now();
const judge = await trainJudge(dataset, {
  rng: rng.fork("judge"),
  steps: Number(values.steps),
  onProgress: ({ step, steps, loss }) => {
    if (step % 50 === 0 || step === steps) console.log(`step ${step} of ${steps}: loss ${loss.toFixed(3)}`);
  },
});
const seconds = (performance.now() - started) / 1000;
console.log(`Trained on ${backend.name} in ${seconds.toFixed(1)} s.`);
console.log(JSON.stringify(await judgeAccuracy(judge, dataset, { rng: rng.fork("accuracy") }), undefined, 2));
judge.dispose();
