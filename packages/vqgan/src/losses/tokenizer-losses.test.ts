import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { FeatureNetwork } from "./perceptual.ts";
import { type TokenizerLosses, tokenizerLosses } from "./tokenizer-losses.ts";

beforeAll(useCpu);

const network: FeatureNetwork = { name: "plain", features: (pixels) => [tf.clone(pixels)] };

async function expectLosses(actual: TokenizerLosses, expected: Record<string, number>): Promise<void> {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, tensor] of Object.entries(actual)) {
    await expectClose(tensor, { shape: [], data: [expected[name]] }, { atol: 1e-6 });
  }
  tf.dispose(Object.values(actual));
}

test("every term and the sum, worked by hand", () =>
  expectNoLeak(async () => {
    const pixels = tf.tensor4d([0.8, 0.6], [1, 1, 1, 2]);
    const decoded = tf.tensor4d([0.6, 0.8], [1, 1, 1, 2]);
    const codebook = tf.scalar(0.5);
    const weight = tf.scalar(0.25);
    const discriminator = { apply: (x: tf.Tensor) => tf.mul(x, 10) }; // logits 6 and 8
    const losses = tokenizerLosses({
      pixels,
      decoded,
      reconstruction: "l1",
      codebook,
      perceptual: { network, weight: 2 },
      adversarial: { discriminator, kind: "hinge", weight },
    });
    await expectLosses(losses, {
      reconstruction: 0.2,
      codebook: 0.5,
      perceptual: 0.08,
      adversarial: -7,
      weight: 0.25,
      loss: 0.2 + 0.5 + 2 * 0.08 - 0.25 * 7,
    });
    tf.dispose([pixels, decoded, codebook, weight]);
  }));

test("terms that are left out are 0, and a weight of 0 leaves the discriminator alone", () =>
  expectNoLeak(async () => {
    const pixels = tf.zeros<tf.Rank.R4>([1, 2, 2, 3]);
    const decoded = tf.ones<tf.Rank.R4>([1, 2, 2, 3]);
    const rest = { codebook: 0, perceptual: 0, adversarial: 0, weight: 0 };
    await expectLosses(tokenizerLosses({ pixels, decoded }), { loss: 1.3, reconstruction: 1.3, ...rest });
    const discriminator = {
      apply: () => {
        throw new Error("was asked");
      },
    };
    const silent = tokenizerLosses({
      pixels,
      decoded,
      adversarial: { discriminator, kind: "log", weight: 0 },
    });
    await expectLosses(silent, { loss: 1.3, reconstruction: 1.3, ...rest });
    tf.dispose([pixels, decoded]);
  }));

test("other shapes are an error", () =>
  expectNoLeak(() => {
    const pixels = tf.zeros<tf.Rank.R4>([1, 2, 2, 3]);
    const decoded = tf.zeros<tf.Rank.R4>([1, 4, 4, 3]);
    expect(() => tokenizerLosses({ pixels, decoded })).toThrow(
      /decoded pixels \[1, 2, 2, 3\], got \[1, 4, 4, 3\]/,
    );
    tf.dispose([pixels, decoded]);
  }));
