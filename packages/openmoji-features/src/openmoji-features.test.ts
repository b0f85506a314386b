import { closeWebgpu } from "@nuwa/backends/webgpu";
import {
  encodeSafetensors,
  ensureGradients,
  namedParams,
  Rng,
  randomNormal,
  saveParams,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import type { FeatureNetwork } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { backends } from "./fixtures/backends.ts";
import { Network } from "./network.ts";
import { readOpenMojiFeatures } from "./node.ts";
import { OpenMojiFeatures } from "./openmoji-features.ts";

const pixelsOf = (shape: [number, number, number, number], seed = 1) =>
  tf.tidy(() => tf.tanh(randomNormal(shape, new Rng(seed)))) as tf.Tensor4D;

const error = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe("OpenMojiFeatures", () => {
  beforeAll(async () => {
    await useCpu();
    ensureGradients();
  });

  test("gives levels that halve, and an embedding, of any size", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      const fitting: FeatureNetwork = network; // without importing it
      expect(fitting.name).toBe("openmoji-features-1/embedding");
      const pixels = pixelsOf([2, 32, 40, 3]);
      const levels = network.features(pixels);
      const embedding = network.embed(pixels);
      expect(levels.map(({ shape }) => shape)).toEqual([
        [2, 32, 40, 24],
        [2, 16, 20, 48],
        [2, 8, 10, 96],
        [2, 4, 5, 128],
      ]);
      expect(levels.map(({ shape }) => shape[3])).toEqual(network.channels);
      expect(embedding.shape).toEqual([2, network.dim]);
      tf.dispose([pixels, levels, embedding]);
      network.dispose();
    }));

  test("is frozen: neither an owner's parameters nor trainable", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      expect(namedParams({ network })).toEqual({});
      const scale = tf.tidy(() => tf.variable(tf.scalar(1)));
      const pixels = pixelsOf([1, 32, 32, 3]);
      const { value, grads } = tf.variableGrads(() => {
        const embedding = network.embed(tf.mul(pixels, scale) as tf.Tensor4D);
        return tf.sum(embedding) as tf.Scalar;
      });
      expect(Object.keys(grads)).toEqual([scale.name]);
      tf.dispose([scale, pixels, value, grads]);
      network.dispose();
    }));

  test("refuses pictures that do not fit, other files and other networks", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      const small = tf.zeros<tf.Rank.R4>([1, 24, 32, 3]);
      const odd = tf.zeros<tf.Rank.R4>([1, 32, 44, 3]);
      const grey = tf.zeros<tf.Rank.R4>([1, 32, 32, 1]);
      const wanted = /multiples of 8, at least 32, got 24 × 32\. Resize or crop/;
      expect(() => network.features(small)).toThrow(error("SHAPE", wanted));
      expect(() => network.embed(odd)).toThrow(error("SHAPE", /OpenMojiFeatures.embed pixels.*got 32 × 44/));
      expect(() => network.embed(grey)).toThrow(error("SHAPE", /\[batch, height, width, 3\], got \[1, 32/));
      const other = new Network(new Rng(0));
      const weights = saveParams(other);
      const nameless = await encodeSafetensors(weights);
      delete weights["levels.0.bias"];
      const partial = await encodeSafetensors(weights, { name: "part" });
      expect(() => OpenMojiFeatures.load(nameless)).toThrow(error("FILE", /wanted the metadata "name"/));
      expect(() => OpenMojiFeatures.load(partial)).toThrow(error("CHECKPOINT", /missing levels.0.bias/));
      expect(() => OpenMojiFeatures.load(new Uint8Array(3))).toThrow(error("FILE", /./));
      await expect(readOpenMojiFeatures("no/such.safetensors")).rejects.toMatchObject({
        code: "FILE",
        message: expect.stringContaining("no/such.safetensors"),
      });
      tf.dispose([small, odd, grey]);
      other.dispose();
      network.dispose();
    }));

  test("the pixels' gradient agrees with finite differences", () =>
    expectNoLeak(async () => {
      const network = await readOpenMojiFeatures();
      const pixels = pixelsOf([1, 32, 32, 3], 3);
      const gradient = gradientOf(network, pixels);
      // Along a few directions that change every pixel, so that rounding is small beside the difference.
      for (const seed of [4, 5, 6]) {
        const direction = randomNormal([1, 32, 32, 3], new Rng(seed));
        const [along, difference] = tf.tidy(() => {
          const at = (step: number) =>
            lossOf(network, tf.add(pixels, tf.mul(direction, step)) as tf.Tensor4D);
          const slope = tf.div(tf.sub(at(1e-2), at(-1e-2)), 2e-2);
          return [tf.sum(tf.mul(gradient, direction)), slope];
        });
        await expectClose(along, difference, { atol: 2e-3, rtol: 2e-2 });
        tf.dispose([direction, along, difference]);
      }
      tf.dispose([pixels, gradient]);
      network.dispose();
    }));
});

afterAll(closeWebgpu);

// The plain backend's results, in double precision but for storage, are what the others must give.
describe.each(Object.entries(backends))("on %s", (_backend, use) => {
  beforeEach((context) => use(context));

  test("features, embedding and the pixels' gradient agree with the plain backend", async () => {
    const run = async () => {
      const network = await readOpenMojiFeatures();
      const pixels = pixelsOf([1, 32, 40, 3], 2);
      const results = tf.tidy(() => [
        ...network.features(pixels),
        network.embed(pixels),
        gradientOf(network, pixels),
      ]);
      const read = await Promise.all(
        results.map(async (result) => ({ shape: result.shape, data: await result.data<"float32">() })),
      );
      tf.dispose([pixels, results]);
      network.dispose();
      return read;
    };
    const own = await run();
    await useCpu();
    const plain = await run();
    for (const [index, { shape, data }] of own.entries()) {
      const largest = plain[index].data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const actual = tf.tensor(data, shape);
      await expectClose(actual, plain[index], { atol: 1e-4 * Math.max(1, largest) });
      actual.dispose();
    }
  });
});

/** Depends on every level and the embedding, with weights that keep them from cancelling. */
function lossOf(network: OpenMojiFeatures, pixels: tf.Tensor4D): tf.Scalar {
  const levels = [...network.features(pixels), network.embed(pixels)];
  return tf.addN(levels.map((level) => tf.mean(tf.square(level)))) as tf.Scalar;
}

function gradientOf(network: OpenMojiFeatures, pixels: tf.Tensor4D): tf.Tensor {
  ensureGradients();
  return tf.grad((x) => lossOf(network, x as tf.Tensor4D))(pixels);
}
