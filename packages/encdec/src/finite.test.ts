import { imageGrid, namedParams, Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { allFinite } from "./finite.ts";
import { tinyConfig } from "./fixtures/tiny.ts";
import { generate } from "./generate.ts";
import { EncoderDecoder } from "./model.ts";

beforeAll(useCpu);

test("allFinite", () => {
  expect(allFinite(Float32Array.of(0, -0, 3.4e38, -1e-40))).toBe(true);
  expect(allFinite(new Float32Array(0))).toBe(true);
  for (const bad of [NaN, Infinity, -Infinity]) expect(allFinite(Float32Array.of(1, bad, 2))).toBe(false);
});

/** A picture by a model after `change` of one of its parameters' values. */
async function generateWith(changes: Record<string, (values: Float32Array) => void>): Promise<unknown> {
  const model = EncoderDecoder.create(tinyConfig, new Rng(1));
  const params = namedParams(model);
  tf.tidy(() => {
    for (const [name, change] of Object.entries(changes)) {
      const values = Float32Array.from(params[name].dataSync());
      change(values);
      params[name].assign(tf.tensor(values, params[name].shape));
    }
  });
  try {
    return await generate(model, { condition: { kind: "none" }, grid: imageGrid(2, 2) });
  } finally {
    model.dispose();
  }
}

test.each([
  [
    "decoder.blocks.1.selfAttention.key.weight",
    NaN,
    "got NaN at 9 of decoder.blocks.1.selfAttention.key.weight [8, 8], where 1 of 64",
  ],
  ["encoder.norm.gain", Infinity, "got Infinity at 2 of encoder.norm.gain [8], where 1 of 8"],
  ["head.weight", -Infinity, "got -Infinity at 3 of head.weight [8, 7]"],
])("a model whose %s is %s gives an error that says so, not a picture", (name, value, message) =>
  expectNoLeak(async () => {
    const places: Record<string, number> = { "encoder.norm.gain": 2, "head.weight": 3 };
    const change = (values: Float32Array) => {
      values[places[name] ?? 9] = value;
    };
    await expect(generateWith({ [name]: change })).rejects.toMatchObject({
      name: "NuwaError",
      code: "CHECKPOINT",
      message: expect.stringContaining(message),
    });
  }),
);

test("the first of several is named, and overflow between layers is told apart", () =>
  expectNoLeak(async () => {
    const broken = (values: Float32Array) => void values.fill(NaN);
    await expect(
      generateWith({ "decoder.norm.gain": broken, "decoder.blocks.0.attentionNorm.gain": broken }),
    ).rejects.toThrow("of decoder.blocks.0.attentionNorm.gain [8], where 8 of 8");
    const huge = (values: Float32Array) => void values.fill(1e30);
    await expect(generateWith({ "decoder.norm.gain": huge, "head.weight": huge })).rejects.toThrow(
      "the logits are not finite although every weight is",
    );
  }));
