import {
  AdamW,
  namedParams,
  Rng,
  randomNormal,
  readBack,
  saveParams,
  valueAndGradients,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { importPatchGan } from "./checkpoints/patch-gan.ts";
import { PatchDiscriminator } from "./discriminator.ts";
import { discriminatorLoss } from "./losses/adversarial.ts";

beforeAll(useCpu);

test.each([
  { layers: 1, height: 16, width: 16, map: [6, 6] },
  { layers: 2, height: 13, width: 20, map: [1, 3] },
  { layers: 3, height: 64, width: 32, map: [6, 2] },
])("$layers layers map $height × $width pixels to $map logits", ({ layers, height, width, map }) =>
  expectNoLeak(() => {
    const discriminator = PatchDiscriminator.create({ layers, width: 2, groups: 2 }, new Rng(1));
    const pixels = tf.zeros<tf.Rank.R4>([1, height, width, 3]);
    const logits = discriminator.apply(pixels);
    expect(logits.shape).toEqual([1, ...map, 1]);
    tf.dispose([pixels, logits]);
    discriminator.dispose();
  }),
);

test("widths double up to eight times the first, and parameters have the names of a checkpoint", () =>
  expectNoLeak(() => {
    const discriminator = PatchDiscriminator.create({ layers: 4, width: 2, groups: 1 });
    const shapes = Object.entries(namedParams(discriminator)).map(([name, { shape }]) => `${name} ${shape}`);
    expect(shapes).toEqual([
      "stem.weight 4,4,3,2",
      "stem.bias 2",
      "blocks.0.conv.weight 4,4,2,4",
      "blocks.0.conv.bias 4",
      "blocks.0.norm.gain 4",
      "blocks.0.norm.offset 4",
      "blocks.1.conv.weight 4,4,4,8",
      "blocks.1.conv.bias 8",
      "blocks.1.norm.gain 8",
      "blocks.1.norm.offset 8",
      "blocks.2.conv.weight 4,4,8,16",
      "blocks.2.conv.bias 16",
      "blocks.2.norm.gain 16",
      "blocks.2.norm.offset 16",
      "blocks.3.conv.weight 4,4,16,16",
      "blocks.3.conv.bias 16",
      "blocks.3.norm.gain 16",
      "blocks.3.norm.offset 16",
      "head.weight 4,4,16,1",
      "head.bias 1",
    ]);
    discriminator.dispose();
  }));

test("a picture's logits do not depend on the rest of the batch", () =>
  expectNoLeak(async () => {
    const discriminator = PatchDiscriminator.create({ layers: 1, width: 4, groups: 2 }, new Rng(1));
    const pixels = randomNormal([3, 8, 8, 3], new Rng(2)) as tf.Tensor4D;
    const [first, all] = tf.tidy(() => [
      discriminator.apply(tf.slice(pixels, 0, 1)),
      tf.slice(discriminator.apply(pixels), 0, 1),
    ]);
    await expectClose(first, all, { atol: 1e-6 });
    tf.dispose([pixels, first, all]);
    discriminator.dispose();
  }));

test("what was saved is loaded", () =>
  expectNoLeak(async () => {
    const config = { layers: 1, width: 4, groups: 2 };
    const discriminator = PatchDiscriminator.create(config, new Rng(1));
    const own = saveParams(discriminator);
    const values = await readBack(Object.values(own));
    const tensors = Object.entries(own).map(([name, { shape }], index) => [
      name,
      { shape, data: values[index] },
    ]);
    const loaded = PatchDiscriminator.load(config, Object.fromEntries(tensors));
    for (const [name, tensor] of Object.entries(saveParams(loaded))) await expectClose(tensor, own[name], {});
    discriminator.dispose();
    loaded.dispose();
  }));

test("some steps teach it to tell pictures apart", () =>
  expectNoLeak(async () => {
    const discriminator = PatchDiscriminator.create({ layers: 1, width: 8 }, new Rng(1));
    const optimizer = new AdamW(namedParams(discriminator));
    const real = tf.fill<tf.Rank.R4>([2, 8, 8, 3], 0.5);
    const losses: number[] = [];
    for (let step = 0; step < 30; step++) {
      const fake = randomNormal([2, 8, 8, 3], new Rng(step), { std: 0.5 }) as tf.Tensor4D;
      const { value, gradients } = valueAndGradients(
        () => ({ ...discriminatorLoss(discriminator.apply(real), discriminator.apply(fake), "hinge") }),
        namedParams(discriminator),
      );
      losses.push((await value.loss.data())[0]);
      tf.dispose([optimizer.step(gradients, 3e-3), fake]);
      tf.dispose([...Object.values(value), ...Object.values(gradients)]);
    }
    expect(losses[0]).toBeGreaterThan(0.5);
    expect(losses[29]).toBeLessThan(0.1);
    real.dispose();
    optimizer.dispose();
    discriminator.dispose();
  }));

test("errors say what is wrong", () =>
  expectNoLeak(() => {
    const error = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    expect(() => PatchDiscriminator.create({ width: 12 })).toThrow(error("CONFIG", /multiple of groups/));
    expect(() => PatchDiscriminator.create({ layers: 0 })).toThrow(error("CONFIG", /layers/));
    expect(() => PatchDiscriminator.load({ layers: 1 }, {})).toThrow(
      error("CHECKPOINT", /missing stem.weight/),
    );
    expect(() => importPatchGan({ layers: 1 }, {})).toThrow(
      error("CHECKPOINT", /missing main.0.weight \[64, 3, 4, 4\].*missing main.3.weight \[128\]/),
    );
    const discriminator = PatchDiscriminator.create({ layers: 2, width: 8 });
    const small = tf.zeros<tf.Rank.R4>([1, 16, 11, 3]);
    const grey = tf.zeros<tf.Rank.R4>([1, 16, 16, 1]);
    expect(() => discriminator.apply(small)).toThrow(error("SHAPE", /at least 12 × 12 pixels.*got 16 × 11/));
    expect(() => discriminator.apply(grey)).toThrow(error("SHAPE", /height, width, 3/));
    tf.dispose([small, grey]);
    discriminator.dispose();
  }));
