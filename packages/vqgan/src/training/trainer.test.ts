import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import { beforeAll, expect, test } from "vitest";
import type { VqConfigInput } from "../config.ts";
import { flatPatches, onHost, train } from "../fixtures/flat-patches.ts";
import { VqModel } from "../model.ts";
import { parseTrainerConfig, phaseOf } from "./config.ts";
import { TokenizerTrainer } from "./trainer.ts";

beforeAll(useCpu);

const config: VqConfigInput = {
  resolution: 8,
  inChannels: 1,
  patch: 4,
  channels: [12],
  encoderBlocks: [1],
  decoderBlocks: [1],
  embeddingDim: 4,
  codebookSize: 6,
};

const training = { totalSteps: 40, learningRate: 1e-2, fitBatches: 2, warmupShare: 0.25, decoderShare: 0.15 };

test("training learns the pictures and leaves nothing behind", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const trainer = new TokenizerTrainer(model, training, new Rng(2));
    const records = await train(trainer, new Rng(3), 40);
    expect(records[0].reconstruction).toBeGreaterThan(0.3);
    expect(records[39].reconstruction).toBeLessThan(0.1);
    expect(records[9].perplexity).toBe(0);
    expect(records[10].perplexity).toBeGreaterThan(2);
    expect(records[39].usage).toBeGreaterThan(0.4);
    expect(records[9].dead).toBe(0);
    expect(records[39].dead).toBeLessThan(4);
    expect(records[39].commitment).toBe(0);
    expect(Object.values(records[20]).every(Number.isFinite)).toBe(true);
    const late = flatPatches(new Rng(3));
    await expect(trainer.trainStep(late)).rejects.toThrow("TokenizerTrainer: all 40 steps are done.");
    late.dispose();
    trainer.dispose();
    model.dispose();
  }));

test("the last phase changes the decoder only", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const trainer = new TokenizerTrainer(
      model,
      { ...training, totalSteps: 8, decoderShare: 0.25 },
      new Rng(2),
    );
    const data = new Rng(3);
    await train(trainer, data, 6);
    expect(trainer.phase).toBe("decoder");
    const before = await onHost(model.save().tensors);
    await train(trainer, data, 2);
    for (const [name, tensor] of Object.entries(model.save().tensors)) {
      const changed = (await tensor.data()).some((value, index) => value !== before[name].data[index]);
      expect(changed, name).toBe(name.startsWith("decoder."));
    }
    trainer.dispose();
    model.dispose();
  }));

test("a run that is stopped in any phase continues exactly", () =>
  expectNoLeak(async () => {
    const short = { ...training, totalSteps: 12 }; // 3 continuous, 8 with codes, 1 of the decoder
    const run = async (steps: number, data: Rng, from?: { model: VqModel; trainer: TokenizerTrainer }) => {
      const model = from
        ? VqModel.load(from.model.config, await onHost(from.model.save().tensors))
        : VqModel.create(config, new Rng(1));
      const trainer = new TokenizerTrainer(model, short, new Rng(from ? 99 : 2));
      if (from) {
        const { step, rng, tensors } = await from.trainer.state();
        trainer.loadState({ step, rng: JSON.parse(JSON.stringify(rng)), tensors });
        from.trainer.dispose();
        from.model.dispose();
      }
      return { model, trainer, records: await train(trainer, data, steps) };
    };
    const straight = await run(12, new Rng(3));

    const data = new Rng(3);
    let part = await run(2, data); // stops while latents wait for the codes to be fitted
    const records = part.records;
    for (const steps of [4, 5, 1]) {
      part = await run(steps, data, part);
      records.push(...part.records);
    }
    expect(part.trainer.step).toBe(12);
    expect(records).toEqual(straight.records);
    const expected = straight.model.save().tensors;
    for (const [name, tensor] of Object.entries(part.model.save().tensors)) {
      await expectClose(tensor, expected[name], {});
    }
    for (const { model, trainer } of [straight, part]) {
      trainer.dispose();
      model.dispose();
    }
  }));

test.each([2, 6, 12])("a state after %i steps stays as it was", (steps) =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const trainer = new TokenizerTrainer(model, { ...training, totalSteps: 13 }, new Rng(2));
    const data = new Rng(3);
    await train(trainer, data, steps);
    const state = await trainer.state();
    const before = structuredClone(state);
    const during = trainer.state();
    await train(trainer, data, 1);
    expect(state).toEqual(before);
    expect(await during).toEqual(before);
    trainer.dispose();
    model.dispose();
  }),
);

test("too few latents for the codes are refused", () =>
  expectNoLeak(async () => {
    const model = VqModel.create({ ...config, codebookSize: 33 }, new Rng(1));
    const trainer = new TokenizerTrainer(
      model,
      { totalSteps: 4, fitBatches: 1, warmupShare: 0.25 },
      new Rng(2),
    );
    await train(trainer, new Rng(3), 1);
    const next = flatPatches(new Rng(4));
    await expect(trainer.trainStep(next)).rejects.toThrow(
      "wants at least as many rows as clusters, 33, got 32",
    );
    next.dispose();
    trainer.dispose();
    model.dispose();
  }));

test("phases", () => {
  const checked = parseTrainerConfig({ totalSteps: 100, warmupShare: 0.3, decoderShare: 0.2 });
  const phases = [0, 29, 30, 79, 80, 99].map((step) => phaseOf(step, checked));
  expect(phases).toEqual(["continuous", "continuous", "quantized", "quantized", "decoder", "decoder"]);
});

test("bad configs are refused", () => {
  expect(() => parseTrainerConfig({ totalSteps: 10, warmupShare: 0.6, decoderShare: 0.4 })).toThrow(
    "below 1",
  );
  expect(() => parseTrainerConfig({ totalSteps: 10, momentum: 0.4 })).toThrow("momentum");
});
