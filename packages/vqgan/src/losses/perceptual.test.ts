import { valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { lpipsHeads } from "./lpips-heads.ts";
import { type FeatureNetwork, perceptualDistance } from "./perceptual.ts";
import { Vgg16Features } from "./vgg16.ts";

beforeAll(useCpu);

/** The pixels themselves, and twice the first pixel. */
const plain: FeatureNetwork = {
  name: "plain",
  features: (pixels) => [
    tf.clone(pixels),
    tf.tidy(() => tf.mul(tf.slice(pixels, 0, [pixels.shape[0], 1, 1, -1]), 2)),
  ],
};

// One picture of two pixels with two channels: unit (0.6, 0.8) and (1, 0) against (0.8, 0.6) and (1, 0).
const actual = () => tf.tensor4d([3, 4, 5, 0], [1, 1, 2, 2]);
const expected = () => tf.tensor4d([8, 6, 2, 0], [1, 1, 2, 2]);

test("the distance, worked by hand", () =>
  expectNoLeak(async () => {
    const pixels = [actual(), expected()];
    const distance = perceptualDistance(plain, pixels[0], pixels[1]);
    await expectClose(distance, { shape: [1], data: [0.08 / 2 + 0.08] }, { atol: 1e-6 });
    const heads = [tf.tensor1d([1, 3]), tf.tensor1d([0, 0.5])];
    const weighted = perceptualDistance(plain, pixels[0], pixels[1], { heads });
    await expectClose(weighted, { shape: [1], data: [0.16 / 2 + 0.02] }, { atol: 1e-6 });
    const plainly = perceptualDistance(plain, pixels[0], pixels[1], { normalise: false });
    await expectClose(plainly, { shape: [1], data: [(29 + 9) / 2 + 4 * 29] }, { atol: 1e-4 });
    tf.dispose([...pixels, distance, ...heads, weighted, plainly]);
  }));

test("the gradient goes to the decoded picture only, and is 0 where all channels are", () =>
  expectNoLeak(async () => {
    const params = tf.tidy(() => ({
      actual: tf.variable(tf.tensor4d([3, 4, 0, 0], [1, 1, 2, 2])),
      expected: tf.variable(expected()),
    }));
    const pixels = params as unknown as Record<keyof typeof params, tf.Tensor4D>;
    const { value, gradients } = valueAndGradients(
      () => ({ loss: tf.sum(perceptualDistance(plain, pixels.actual, pixels.expected)) }),
      params,
      { allowUnused: true },
    );
    // d/du of 1.5 |u − v|² is 3 (u − v) = (−0.6, 0.6); across u over the length 5 that is (−0.672, 0.504) / 5.
    const data = [-0.1344, 0.1008, 0, 0];
    await expectClose(gradients.actual, { shape: [1, 1, 2, 2], data }, { atol: 1e-6 });
    await expectClose(gradients.expected, { shape: [1, 1, 2, 2], data: [0, 0, 0, 0] }, {});
    tf.dispose([params.actual, params.expected, value.loss, ...Object.values(gradients)]);
  }));

test("errors say what does not fit", () =>
  expectNoLeak(() => {
    const error = (code: string, message: RegExp) =>
      expect.objectContaining({ code, message: expect.stringMatching(message) });
    const pixels = actual();
    const other = tf.zeros<tf.Rank.R4>([1, 2, 1, 2]);
    const head = tf.tensor1d([1, 2, 3]);
    expect(() => perceptualDistance(plain, pixels, other)).toThrow(
      error("SHAPE", /\[1, 1, 2, 2\] and \[1, 2/),
    );
    expect(() => perceptualDistance(plain, pixels, pixels, { heads: [head] })).toThrow(
      error("SHAPE", /plain gives levels of 2, 2 channels, the heads are for 3/),
    );
    const tensor = { shape: [1, 2, 1, 1], data: [1, 2] };
    expect(() => lpipsHeads({})).toThrow(error("CHECKPOINT", /missing lin0.model.1.weight/));
    expect(() => lpipsHeads({ "lin0.model.1.weight": tensor, "lin1.weight": tensor })).toThrow(
      error("CHECKPOINT", /missing lin1.model.1.weight; unexpected lin1.weight/),
    );
    expect(() => lpipsHeads({ "lin0.model.1.weight": { ...tensor, shape: [2] } })).toThrow(
      error("CHECKPOINT", /wanted \[1, channels, 1, 1\], got \[2\]/),
    );
    const bias = { shape: [2], data: [0, 0] };
    expect(() => new Vgg16Features({ "features.0.bias": bias, "features.1.bias": bias })).toThrow(
      error(
        "CHECKPOINT",
        /missing features.0.weight \[2, 3, 3, 3\].*missing features.28.*unexpected features.1/,
      ),
    );
    tf.dispose([pixels, other, head]);
  }));
