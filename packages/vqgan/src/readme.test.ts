import { readFile } from "node:fs/promises";
import { decodeSafetensors, encodeSafetensors, type HostTensor, Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { importDiffusers } from "./checkpoints/diffusers.ts";
import { exportTaming, importTaming } from "./checkpoints/taming.ts";
import { type LocalVqConfig, parseVqConfig, type VqConfigInput } from "./config.ts";
import { type HashedWeights, hashedWeights } from "./fixtures/hashed-weights.ts";
import { VqModel } from "./model.ts";
import { quantizerSchema } from "./quantizers/config.ts";
import { parseTrainerConfig } from "./training/config.ts";

// The README's model, on a smaller batch: the plain backend is slow.
const config: VqConfigInput = {
  resolution: 64,
  patch: 8,
  channels: [128],
  encoderBlocks: [1],
  decoderBlocks: [3],
  embeddingDim: 64,
  codebookSize: 512,
};

test("the README's example gives the shapes that it names", () =>
  expectNoLeak(async () => {
    await useCpu();
    const model = VqModel.create(config, new Rng(0));
    const pixels = tf.zeros<tf.Rank.R4>([1, 64, 64, 3]);
    const { codes } = model.encode(pixels);
    const decoded = model.decode(codes);
    expect(codes.shape).toEqual([1, 8, 8]);
    expect(decoded.shape).toEqual([1, 64, 64, 3]);
    tf.dispose([pixels, codes, decoded]);
    model.dispose();
  }));

test("the README's example of class maps, at a smaller width", () =>
  expectNoLeak(async () => {
    await useCpu();
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const seg = { kind: "vq-gan-seg", classes: 12 } as const;
    const fields = Object.entries({ ...seg, ...config }).map(
      ([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`,
    );
    expect(readme).toContain(`VqModel.create({\n${fields.join("")}});`);
    const model = VqModel.create({ ...config, ...seg, channels: [8], decoderBlocks: [1] }, new Rng(0));
    const maps: tf.Tensor3D = tf.zeros([16, 64, 64], "int32");
    const { codes } = model.encode(maps);
    const logits = model.decode(codes);
    const reconstructed = model.reconstruct(maps);
    expect(readme).toContain(`model.encode(maps); // int32 [${codes.shape.join(", ")}]`);
    expect(readme).toContain(`model.decode(codes); // [${logits.shape.join(", ")}], not clipped`);
    expect(readme).toContain(`model.reconstruct(maps); // int32 [${reconstructed.shape.join(", ")}]`);
    tf.dispose([maps, codes, logits, reconstructed]);
    model.dispose();
  }));

test("the README's example and defaults are those of the code", async () => {
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  for (const [key, value] of Object.entries(config)) {
    expect(readme).toContain(`${key}: ${JSON.stringify(value)},`);
  }
  const { kind, patch, encoderKernel, reconstruction, quantizer } = parseVqConfig(config) as LocalVqConfig;
  expect(readme).toMatch(new RegExp(`\`kind\` +\\| \`"${kind}"\` `));
  expect(readme).toMatch(new RegExp(`\`patch\` +\\| ${patch} `));
  expect(readme).toMatch(new RegExp(`\`encoderKernel\` +\\| ${encoderKernel} `));
  expect(readme).toMatch(new RegExp(`\`reconstruction\` +\\| \`"${reconstruction.replace("+", "\\+")}"\``));
  expect(quantizer.kind).toBe("ema");
  for (const [kind, required] of Object.entries({ ema: {}, codebook: {}, cosine: {}, lfq: { codeDim: 8 } })) {
    const { kind: _, ...fields } = quantizerSchema.parse({ kind, ...required });
    const row = readme
      .split("\n")
      .find((line) => line.startsWith(`| \`"${kind}"`) && line.includes("commitment: "));
    for (const [name, value] of Object.entries(fields)) {
      if (!Object.hasOwn(required, name))
        expect(row).toContain(`${name}: ${value === 1e-5 ? "1e-5" : value}`);
    }
  }
  const { learningRate, warmupShare, decoderShare, fitBatches } = parseTrainerConfig({ totalSteps: 1 });
  expect(readme).toContain(`| ${learningRate * 1000}e-3, 0 `);
  expect(readme).toContain(`| ${warmupShare}, ${decoderShare} `);
  expect(readme).toMatch(new RegExp(`\`fitBatches\` +\\| ${fitBatches} `));
});

// The README's numbers, except that its network is too wide for the plain backend and for a test's memory.
const taming = {
  resolution: 256,
  channels: 128,
  multipliers: [1, 1, 2, 2, 4],
  blocks: 2,
  attentionResolutions: [16],
  latentDim: 256,
  embeddingDim: 256,
  codebookSize: 1024,
};

test("the README's example of taming-transformers' weights, at a smaller width", () =>
  expectNoLeak(async () => {
    await useCpu();
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    for (const [key, value] of Object.entries(taming)) {
      expect(readme).toContain(`${key}: ${JSON.stringify(value).replaceAll(",", ", ")}`);
    }
    const narrow = { ...taming, channels: 32, multipliers: [1, 1, 1, 1, 2], blocks: 1, latentDim: 8 };
    const first = VqModel.create({ ...narrow, architecture: "taming" });
    const file = await encodeSafetensors(await exportTaming(first));
    first.dispose();
    const tensors: Record<string, HostTensor> = decodeSafetensors(file).tensors;
    const model = importTaming(tensors, narrow);
    const pixels = tf.zeros<tf.Rank.R4>([1, 16, 32, 3]);
    const { codes } = model.encode(pixels);
    expect(codes.shape).toEqual([1, 1, 2]);
    const again = await encodeSafetensors(await exportTaming(model));
    expect(Buffer.compare(again, file)).toBe(0);
    tf.dispose([pixels, codes]);
    model.dispose();
  }));

test("the README's example of diffusers' weights, with those of the oracle", () =>
  expectNoLeak(async () => {
    await useCpu();
    const { metadata } = decodeSafetensors(
      await readFile(new URL("./fixtures/diffusers.safetensors", import.meta.url)),
    );
    const { config, weights } = JSON.parse(metadata.cases).attention;
    const model = importDiffusers(hashedWeights(Number(metadata.seed), weights as HashedWeights), config);
    expect(model.config.architecture).toBe("taming");
    const pixels = tf.zeros<tf.Rank.R4>([1, 32, 16, 3]);
    const { codes } = model.encode(pixels);
    expect(codes.shape).toEqual([1, 16, 8]);
    tf.dispose([pixels, codes]);
    model.dispose();
  }));
