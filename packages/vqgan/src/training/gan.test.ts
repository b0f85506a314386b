import { compile } from "@nuwa/backends";
import { probeNode, registerNode } from "@nuwa/backends/node";
import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, isRequired, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { VqConfigInput } from "../config.ts";
import { onHost, train } from "../fixtures/flat-patches.ts";
import type { FeatureNetwork } from "../losses/perceptual.ts";
import { VqModel } from "../model.ts";
import { TokenizerTrainer } from "./trainer.ts";

beforeAll(useCpu);

const config: VqConfigInput = {
  kind: "vq-gan",
  resolution: 8,
  inChannels: 1,
  patch: 4,
  channels: [12],
  encoderBlocks: [1],
  decoderBlocks: [1],
  embeddingDim: 4,
  codebookSize: 6,
};

const features: FeatureNetwork = { name: "pixels", features: (pixels) => [tf.clone(pixels)] };

/** 10 steps: 2 continuous, 7 with codes, 1 of the decoder; the discriminator trains from 4 on and is felt from 6 on. */
const training = {
  totalSteps: 10,
  learningRate: 1e-2,
  fitBatches: 2,
  warmupShare: 0.2,
  decoderShare: 0.1,
  losses: {
    perceptual: { weight: 0.5, normalise: false },
    adversarial: {
      weight: 0.2,
      startShare: 0.4,
      leadShare: 0.2,
      riseShare: 0.2,
      discriminator: { width: 8, layers: 1 },
    },
  },
};

test("each term is named in the steps that have it", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const trainer = new TokenizerTrainer(model, training, new Rng(2), { features });
    const records = await train(trainer, new Rng(3), 10);
    const stepsWith = (name: string): number[] =>
      records.flatMap((record, step) => (name in record ? [step] : []));
    expect(stepsWith("perceptual")).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(stepsWith("discriminator")).toEqual([4, 5, 6, 7, 8, 9]);
    expect(stepsWith("adversarial")).toEqual([6, 7, 8, 9]);
    expect(stepsWith("adversarialWeight")).toEqual([6, 7, 8, 9]);
    for (const record of records) {
      const { loss, reconstruction, commitment, perceptual } = record;
      const { adversarial = 0, adversarialWeight = 0 } = record;
      const sum = reconstruction + commitment + 0.5 * perceptual + adversarialWeight * adversarial;
      expect(loss).toBeCloseTo(sum, 5);
    }
    expect(records[9].reconstruction).toBeLessThan(records[0].reconstruction);
    trainer.dispose();
    model.dispose();
  }));

test("a run that is stopped continues exactly, its discriminator included", () =>
  expectNoLeak(async () => {
    const start = () => {
      const model = VqModel.create(config, new Rng(1));
      return { model, trainer: new TokenizerTrainer(model, training, new Rng(2), { features }) };
    };
    const straight = start();
    const expected = await train(straight.trainer, new Rng(3), 10);

    const data = new Rng(3);
    const first = start();
    const records = await train(first.trainer, data, 7);
    const { step, rng, tensors } = await first.trainer.state();
    expect(Object.keys(tensors)).toContain("adversary.model.stem.weight");
    const model = VqModel.load(first.model.config, await onHost(first.model.save().tensors));
    const trainer = new TokenizerTrainer(model, training, new Rng(99), { features });
    trainer.loadState({ step, rng: JSON.parse(JSON.stringify(rng)), tensors });
    records.push(...(await train(trainer, data, 3)));
    expect(records).toEqual(expected);
    const after = straight.model.save().tensors;
    for (const [name, tensor] of Object.entries(model.save().tensors)) {
      await expectClose(tensor, after[name], {});
    }
    for (const part of [straight, first, { model, trainer }]) {
      part.trainer.dispose();
      part.model.dispose();
    }
  }));

test("a vq-gan has both terms by default, other kinds have none", () =>
  expectNoLeak(() => {
    const { losses: _, ...plain } = training;
    const model = VqModel.create(config, new Rng(1));
    const trainer = new TokenizerTrainer(model, plain, new Rng(2), { features });
    expect(trainer.losses.perceptual).toEqual({ weight: 1, normalise: true });
    expect(trainer.losses.adversarial).toMatchObject({ kind: "hinge", weight: 0.1, adaptive: true });
    trainer.dispose();
    expect(() => new TokenizerTrainer(model, plain, new Rng(2))).toThrow(
      "the perceptual loss wants a feature network, got none",
    );
    model.dispose();
    const autoencoder = VqModel.create({ ...config, kind: "vq-vae" }, new Rng(1));
    expect(() => new TokenizerTrainer(autoencoder, training, new Rng(2), { features })).toThrow(
      'perceptual and adversarial belong to the kind "vq-gan", the model is a "vq-vae"',
    );
    autoencoder.dispose();
  }));

test("wrong losses are named", () =>
  expectNoLeak(() => {
    const model = VqModel.create(config, new Rng(1));
    const create = (losses: object) => () =>
      new TokenizerTrainer(model, { ...training, losses }, new Rng(2), { features });
    expect(create({ adversarial: { kind: "wasserstein" } })).toThrow("losses.adversarial.kind");
    expect(create({ gan: {} })).toThrow("gan");
    expect(create({ adversarial: { discriminator: { depth: 3 } } })).toThrow("PatchDiscriminator");
    model.dispose();
  }));

test("compiled steps are the steps themselves, in every phase", async (context) => {
  const probe = await probeNode();
  if (!probe.available && !isRequired("node")) context.skip(probe.reason);
  await registerNode({ fetch: false });
  try {
    await expectNoLeak(async () => {
      const longer = { ...training, totalSteps: 60 };
      const records = [];
      for (const faster of [undefined, compile]) {
        const model = VqModel.create(config, new Rng(1));
        const trainer = new TokenizerTrainer(model, longer, new Rng(2), { features, compile: faster });
        records.push(await train(trainer, new Rng(3), 60));
        trainer.dispose();
        model.dispose();
      }
      const [plain, compiled] = records;
      for (const [step, record] of plain.entries()) {
        expect(Object.keys(compiled[step])).toEqual(Object.keys(record));
        for (const [name, value] of Object.entries(record)) {
          expect(Math.abs(compiled[step][name] - value), `${name} at ${step}`).toBeLessThan(
            1e-4 * Math.max(1, Math.abs(value)),
          );
        }
      }
    });
  } finally {
    await useCpu();
  }
});
