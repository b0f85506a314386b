import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { codeGrid, downsampling, parseVqConfig, type TamingVqConfigInput } from "../config.ts";
import { VqModel } from "../model.ts";

beforeAll(useCpu);

const config: TamingVqConfigInput = {
  architecture: "taming",
  resolution: 16,
  channels: 32,
  multipliers: [1, 1, 1],
  blocks: 1,
  attentionResolutions: [4],
  latentDim: 3,
  embeddingDim: 2,
  codebookSize: 5,
};

test("defaults, downsampling and the grid of codes", () => {
  const parsed = parseVqConfig(config);
  expect(parsed).toMatchObject({ inChannels: 3, doubleZ: false, reconstruction: "l1+l2" });
  expect(downsampling(parsed)).toBe(4);
  expect(codeGrid(parsed)).toEqual({ height: 4, width: 4, frames: 1 });
  expect(parseVqConfig(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
});

test("shapes at any multiple of the downsampling", () =>
  expectNoLeak(() => {
    const model = VqModel.create(config, new Rng(1));
    const pixels = tf.zeros<tf.Rank.R4>([2, 4, 12, 3]);
    const { codes } = model.encode(pixels);
    const reconstructed = model.reconstruct(pixels);
    expect(codes.shape).toEqual([2, 1, 3]);
    expect(reconstructed.shape).toEqual([2, 4, 12, 3]);
    tf.dispose([pixels, codes, reconstructed]);
    model.dispose();
  }));

test("bad pixels are refused", () =>
  expectNoLeak(() => {
    const model = VqModel.create({ ...config, outChannels: 1 });
    tf.tidy(() => {
      expect(() => model.encode(tf.zeros([1, 16, 18, 3]))).toThrow("height and width multiples of 4");
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
        const action = () => model.reconstruct(tf.fill([1, 4, 4, 3], value));
        expect(action).toThrow("VqModel pixels: wanted finite numbers in [−1, 1], got NaN or infinite ones");
      }
      expect(() => model.loss(tf.zeros([1, 4, 4, 3]))).toThrow(
        "reconstructionLoss actual: wanted the shape [1, 4, 4, 3], got [1, 4, 4, 1]",
      );
    });
    model.dispose();
  }));

test("bad configs are refused, every field named", () => {
  const parse = (changes: object) => () => parseVqConfig({ ...config, ...changes });
  expect(parse({ architecture: "vit" })).toThrow('architecture: wanted "local" or "taming", got "vit"');
  expect(parse({ channels: 48 })).toThrow("must be a multiple of 32, got 48");
  expect(parse({ resolution: 18 })).toThrow("must be a multiple of 2^(levels − 1) = 4, got 18");
  expect(parse({ attentionResolutions: [4, 32] })).toThrow("wants sides of levels, 16, 8, 4, got 32");
  expect(parse({ doubleZ: true, patch: 8 })).toThrow(/patch[\s\S]*doubleZ|doubleZ[\s\S]*patch/);
});
