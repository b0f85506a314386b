import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { VqConfigInput } from "../config.ts";
import { flatPatches, onHost, train } from "../fixtures/flat-patches.ts";
import { VqModel } from "../model.ts";
import { TokenizerTrainer } from "../training/trainer.ts";

beforeAll(useCpu);

const model: VqConfigInput = {
  resolution: 8,
  inChannels: 1,
  patch: 4,
  channels: [12],
  encoderBlocks: [1],
  decoderBlocks: [1],
  embeddingDim: 6,
};

const kinds: [string, VqConfigInput][] = [
  ["ema", { ...model, codebookSize: 6 }],
  ["codebook", { ...model, codebookSize: 6, quantizer: { kind: "codebook" } }],
  ["cosine", { ...model, codebookSize: 6, quantizer: { kind: "cosine", codeDim: 3 } }],
  ["fsq", { ...model, quantizer: { kind: "fsq", levels: [3, 2] } }],
  ["fsq without projections", { ...model, embeddingDim: 2, quantizer: { kind: "fsq", levels: [3, 2] } }],
  ["lfq", { ...model, quantizer: { kind: "lfq", codeDim: 3 } }],
];

const training = { totalSteps: 60, learningRate: 1e-2, fitBatches: 2, warmupShare: 0.25, decoderShare: 0.1 };

test.each(kinds)(
  "%s: training lowers the loss, reports the use of codes and leaves nothing behind",
  (_, config) =>
    expectNoLeak(async () => {
      const tokenizer = VqModel.create(config, new Rng(1));
      const trainer = new TokenizerTrainer(tokenizer, training, new Rng(2));
      const records = await train(trainer, new Rng(3), 54);
      const [first, quantized, last] = [records[0], records[15], records[53]];
      expect(first.reconstruction).toBeGreaterThan(0.3);
      expect(last.reconstruction).toBeLessThan(0.15);
      expect(last.loss).toBeLessThan(Math.min(first.loss, quantized.loss) / 2);
      expect(first).toMatchObject({ commitment: 0, perplexity: 0, usage: 0, dead: 0 });
      expect(quantized.perplexity).toBeGreaterThan(1.5);
      expect(last.usage).toBeGreaterThan(0.3);
      expect(last.dead).toBeLessThan(6);
      expect(records.flatMap((record) => Object.values(record)).every(Number.isFinite)).toBe(true);

      expect(trainer.phase).toBe("decoder");
      const before = await onHost(tokenizer.save().tensors);
      await train(trainer, new Rng(4), 1);
      for (const [name, tensor] of Object.entries(tokenizer.save().tensors)) {
        const changed = (await tensor.data()).some((value, index) => value !== before[name].data[index]);
        expect(changed, name).toBe(name.startsWith("decoder."));
      }
      trainer.dispose();
      tokenizer.dispose();
    }),
);

test.each(kinds)("%s: a saved run continues exactly", (_, config) =>
  expectNoLeak(async () => {
    const short = { ...training, totalSteps: 8 }; // 2 continuous, 6 with codes
    const tokenizer = VqModel.create(config, new Rng(1));
    const trainer = new TokenizerTrainer(tokenizer, short, new Rng(2));
    await train(trainer, new Rng(3), 4);
    const { config: saved, tensors } = tokenizer.save();
    const loaded = VqModel.load(JSON.parse(JSON.stringify(saved)), await onHost(tensors));
    const resumed = new TokenizerTrainer(loaded, short, new Rng(99));
    resumed.loadState(await trainer.state());
    expect(await train(resumed, new Rng(5), 4)).toEqual(await train(trainer, new Rng(5), 4));
    const expected = tokenizer.save().tensors;
    for (const [name, tensor] of Object.entries(loaded.save().tensors)) {
      await expectClose(tensor, expected[name], {});
    }
    const pixels = flatPatches(new Rng(6));
    const pictures = [tokenizer.reconstruct(pixels), loaded.reconstruct(pixels)];
    await expectClose(pictures[1], pictures[0], {});
    tf.dispose([pixels, ...pictures]);
    for (const part of [trainer, tokenizer, resumed, loaded]) part.dispose();
  }),
);

test("a checkpoint names the quantizer's own parameters", () => {
  const names = (config: VqConfigInput) => {
    const tokenizer = VqModel.create(config);
    const all = Object.keys(tokenizer.save().tensors).filter((name) => name.startsWith("quantizer."));
    const trained = Object.keys(tokenizer.trainableParams()).filter((name) => name.startsWith("quantizer."));
    tokenizer.dispose();
    return { kept: all.filter((name) => !trained.includes(name)), trained };
  };
  const projection = ["down.weight", "down.bias", "up.weight", "up.bias"].map(
    (name) => `quantizer.projection.${name}`,
  );
  const byKind = Object.fromEntries(kinds.map(([kind, config]) => [kind, names(config)]));
  expect(byKind).toEqual({
    ema: { kept: ["quantizer.codebook", "quantizer.counts", "quantizer.sums"], trained: [] },
    codebook: { kept: ["quantizer.counts"], trained: ["quantizer.codebook"] },
    cosine: { kept: ["quantizer.counts"], trained: ["quantizer.codebook", ...projection] },
    fsq: { kept: ["quantizer.counts"], trained: projection },
    "fsq without projections": { kept: ["quantizer.counts"], trained: [] },
    lfq: { kept: ["quantizer.counts"], trained: projection },
  });
});

test("the number of codes comes from the quantizer where it implies one", () => {
  const sizes = kinds.map(([, config]) => {
    const tokenizer = VqModel.create(config);
    tokenizer.dispose();
    expect(tokenizer.quantizer.codeCount).toBe(tokenizer.config.codebookSize);
    return tokenizer.config.codebookSize;
  });
  expect(sizes).toEqual([6, 6, 6, 6, 6, 8]);
});

test("bad configs are refused, with what was wanted", () => {
  const create = (changes: object) => () => VqModel.create({ ...model, ...changes } as VqConfigInput);
  expect(create({})).toThrow('wants the number of codes, which "ema" does not imply');
  expect(create({ codebookSize: 2 ** 24 + 1 })).toThrow("wants at most 2^24 codes, got 16777217");
  expect(create({ quantizer: { kind: "fsq", levels: [3, 1] } })).toThrow("levels");
  expect(create({ quantizer: { kind: "fsq", levels: [] } })).toThrow("levels");
  expect(create({ quantizer: { kind: "fsq", levels: [4096, 4096, 2] } })).toThrow("got 33554432");
  expect(create({ codebookSize: 512, quantizer: { kind: "fsq", levels: [8, 8] } })).toThrow(
    "must be the quantizer's 64 or left out, got 512",
  );
  expect(create({ quantizer: { kind: "lfq", codeDim: 31 } })).toThrow(
    "wants at most 2^24 codes, got 2147483648",
  );
  expect(create({ codebookSize: 8, quantizer: { kind: "cosine", codeDim: 1 } })).toThrow("codeDim");
  expect(create({ codebookSize: 8, quantizer: { kind: "vq" } })).toThrow("quantizer");
});
