import { type CompiledStep, compile } from "@nuwa/backends";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import type { Compile } from "../compile.ts";
import { backends } from "../fixtures/backends.ts";
import { drawnMaps } from "../fixtures/drawn-maps.ts";
import { VqModel } from "../model.ts";
import { TokenizerTrainer } from "./trainer.ts";

const config = {
  kind: "vq-gan-seg",
  classes: 4,
  resolution: 8,
  patch: 2,
  channels: [6],
  encoderBlocks: [1],
  decoderBlocks: [1],
  embeddingDim: 4,
  codebookSize: 8,
} as const;
/** 6 continuous, then 6 with codes, then 6 of the decoder alone. */
const training = { totalSteps: 18, learningRate: 1e-2, fitBatches: 2, warmupShare: 0.33, decoderShare: 0.33 };

test("steps on class maps are compiled, learn as they are, and still refuse classes out of range", async (context) => {
  await backends.node(context);
  try {
    await expectNoLeak(async () => {
      const compiled: CompiledStep<tf.Tensor[], tf.NamedTensorMap>[] = [];
      const compileAndCount: Compile = (step) => {
        const fast = compile(step);
        compiled.push(fast);
        return fast;
      };
      const beyond = tf.fill([4, 8, 8], 4, "int32") as tf.Tensor3D;
      const losses = [];
      for (const faster of [undefined, compileAndCount]) {
        const model = VqModel.create(config, new Rng(1));
        const trainer = new TokenizerTrainer(model, training, new Rng(2), { compile: faster });
        const own = [];
        for (let step = 0; step < training.totalSteps; step++) {
          if (step === training.totalSteps - 1)
            await expect(trainer.trainStep(beyond)).rejects.toThrow("from 0 to 3");
          const maps = drawnMaps(4, 8, new Rng(step));
          const scalars = await trainer.trainStep(maps);
          own.push(scalars.loss.dataSync()[0]);
          tf.dispose([maps, ...Object.values(scalars)]);
        }
        losses.push(own);
        if (faster)
          expect(compiled.map(({ records }) => records[0].program !== undefined)).toEqual([true, true, true]);
        trainer.dispose();
        model.dispose();
      }
      beyond.dispose();
      const [plain, fast] = losses;
      for (const [step, loss] of plain.entries()) expect(Math.abs(fast[step] - loss)).toBeLessThan(1e-4);
    });
  } finally {
    await useCpu();
  }
});
