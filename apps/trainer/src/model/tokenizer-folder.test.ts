import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EncoderDecoder, type EncoderDecoderInput } from "@nuwa/encdec";
import { CaptionTokenizer } from "@nuwa/tasks";
import { Rng, readBack, saveParams } from "@nuwa/tensor3d";
import { readSafetensors } from "@nuwa/tensor3d/node";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { VqModel } from "@nuwa/vqgan";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { saveModel } from "./model-folder.ts";
import { loadTokenizer, saveTokenizer } from "./tokenizer-folder.ts";

let folder: string;
let saved: string;

const config = {
  resolution: 16,
  patch: 2,
  channels: [4, 4],
  encoderBlocks: [1, 1],
  decoderBlocks: [1, 1],
  embeddingDim: 4,
  codebookSize: 8,
} as const;
const data = { size: 16, spriteSize: 8, emoji: ["fox", "panda"] };
const training = { steps: 12, seconds: 3.5 };

const valuesOf = async (model: VqModel) => {
  const params = saveParams(model);
  const values = await readBack(Object.values(params));
  return Object.fromEntries(Object.keys(params).map((name, index) => [name, Array.from(values[index])]));
};

beforeAll(async () => {
  await useCpu();
  folder = await mkdtemp(join(tmpdir(), "nuwa-tokenizer-"));
  saved = join(folder, "tokenizer");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("a tokenizer folder", () => {
  test.each([
    ["float16", 2 ** -11],
    ["bfloat16", 2 ** -8],
  ] as const)("stores %s in half the bytes, rounded", (weights, rounding) =>
    expectNoLeak(async () => {
      const model = VqModel.create(config, new Rng(2));
      const sizes: number[] = [];
      for (const type of ["float32", weights] as const) {
        await saveTokenizer(saved, { name: "half", input: "pixels", data, model, training }, type);
        const { tensors } = await readSafetensors(join(saved, "image-tokenizer.safetensors"));
        sizes.push(
          Object.values(tensors).reduce(
            (sum, { dtype, data: { length } }) => sum + length * (dtype === "F32" ? 4 : 2),
            0,
          ),
        );
      }
      expect(sizes[0] / sizes[1]).toBe(2);
      const read = await loadTokenizer(saved);
      const [stored, exact] = [await valuesOf(read.model), await valuesOf(model)];
      for (const [name, values] of Object.entries(exact)) {
        for (const [index, value] of values.entries()) {
          expect(Math.abs(stored[name][index] - value)).toBeLessThanOrEqual(
            Math.abs(value) * rounding + 2 ** -25,
          );
        }
      }
      model.dispose();
      read.model.dispose();
    }),
  );

  test("gives back the weights and what is known about them, and replaces an older one", () =>
    expectNoLeak(async () => {
      for (const name of ["older", "mine"]) {
        const model = VqModel.create(config);
        await saveTokenizer(saved, { name, input: "pixels", data, model, training });
        const read = await loadTokenizer(saved);
        expect(read).toMatchObject({ name, input: "pixels", data, training });
        expect(read.model.config).toEqual(model.config);
        expect(await valuesOf(read.model)).toEqual(await valuesOf(model));
        model.dispose();
        read.model.dispose();
      }
      expect((await readdir(saved)).sort()).toEqual([
        "LICENSE.txt",
        "config.json",
        "image-tokenizer.safetensors",
      ]);
      expect(JSON.parse(await readFile(join(saved, "config.json"), "utf8"))).toMatchObject({
        format: "nuwa-tokenizer",
        version: 1,
        name: "mine",
        input: "pixels",
        data,
        tokenizer: config,
        training,
      });
      expect(await readFile(join(saved, "LICENSE.txt"), "utf8")).toContain("CC BY-SA 4.0");
    }));

  test("does not replace a folder with other things", async () => {
    const mine = join(folder, "mine");
    await cp(join(saved, "LICENSE.txt"), join(mine, "diary.txt"));
    const model = VqModel.create(config);
    const saving = saveTokenizer(mine, { name: "x", input: "pixels", data, model, training });
    await expect(saving).rejects.toThrow("holds other files");
    model.dispose();
    expect(await readdir(mine)).toEqual(["diary.txt"]);
  });

  test("a whole model's folder gives its tokenizer, which reads pixels", () =>
    expectNoLeak(async () => {
      const path = join(folder, "model");
      const tokenizer = VqModel.create(config);
      const captions = CaptionTokenizer.build(["a fox on a red background"]);
      const shape: EncoderDecoderInput = {
        dim: 8,
        heads: 1,
        encoderLayers: 1,
        decoderLayers: 1,
        codebookSize: 8,
        textLength: captions.textLength,
        textVocabulary: captions.vocabulary,
        targetGrid: { height: 4, width: 4, frames: 2 },
        decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
      };
      const transformer = EncoderDecoder.create(shape, new Rng(0));
      const { sampling } = await loadConfig("test");
      await saveModel(path, { name: "whole", tokenizer, transformer, captions, data, sampling });
      const read = await loadTokenizer(path);
      expect(read).toMatchObject({ name: "whole", input: "pixels", data });
      expect(read.training).toBeUndefined();
      expect(await valuesOf(read.model)).toEqual(await valuesOf(tokenizer));
      for (const model of [tokenizer, transformer, read.model]) model.dispose();
    }));

  test("names the file that is missing, damaged or does not fit", async () => {
    await expect(loadTokenizer(join(folder, "none"))).rejects.toMatchObject({
      code: "FILE",
      message: `There is no ${join(folder, "none", "config.json")}.`,
      hint: expect.stringContaining("nuwa train"),
    });
    const copy = join(folder, "copy");
    const broken = async (name: string, damage: (path: string) => Promise<void>): Promise<string> => {
      await cp(saved, copy, { recursive: true });
      await damage(join(copy, name));
      let message = "";
      await expectNoLeak(async () => {
        message = await loadTokenizer(copy).then(String, (error: Error) => error.message);
      });
      expect(message).toContain(join(copy, name));
      return message;
    };
    const change = (fields: object) => async (path: string) =>
      writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), ...fields }));
    expect(await broken("config.json", (path) => writeFile(path, "{"))).toContain("not sound JSON");
    expect(await broken("config.json", (path) => writeFile(path, "null"))).toContain(
      'format "nuwa-tokenizer" or "nuwa-model", got undefined',
    );
    expect(await broken("config.json", change({ version: 2 }))).toContain("wanted 1, got 2");
    expect(await broken("config.json", change({ input: "sound" }))).toContain('"segmentation", got "sound"');
    expect(await broken("config.json", change({ input: "sketch" }))).toContain(
      'a vq-vae reads "pixels", got the input "sketch"',
    );
    expect(await broken("config.json", change({ tokenizer: { ...config, pach: 2 } }))).toContain("pach");
    await broken("image-tokenizer.safetensors", (path) => truncate(path, 40));
    await broken("image-tokenizer.safetensors", (path) => rm(path));
    await cp(saved, copy, { recursive: true });
    await change({ tokenizer: { ...config, embeddingDim: 6 } })(join(copy, "config.json"));
    await expect(loadTokenizer(copy)).rejects.toMatchObject({
      code: "CHECKPOINT",
      message: expect.stringContaining(join(copy, "image-tokenizer.safetensors")),
    });
  });
});
