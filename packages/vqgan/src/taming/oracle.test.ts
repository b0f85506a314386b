import { under, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { importTaming } from "../checkpoints/taming.ts";
import { tamingName } from "../checkpoints/taming-names.ts";
import { toTorch } from "../checkpoints/torch-layout.ts";
import type { TamingVqConfigInput } from "../config.ts";
import { backends } from "../fixtures/backends.ts";
import { readGolden } from "../fixtures/golden.ts";
import {
  drawPixels,
  type HashedWeights,
  hashedWeights,
  type PixelShape,
  uniform,
} from "../fixtures/hashed-weights.ts";
import { expectParity } from "../fixtures/parity.ts";

// tooling/oracle/taming_vqgan.py wrote the fixture with taming-transformers.
interface Case {
  readonly config: Omit<TamingVqConfigInput, "architecture">;
  readonly pixels: PixelShape;
  readonly gradients?: PixelShape;
  readonly weights: HashedWeights;
}

const { golden, metadata } = readGolden("taming.safetensors");
const cases: Record<string, Case> = JSON.parse(metadata.cases);
const seed = Number(metadata.seed);

describe.each(Object.entries(backends))("on %s taming-transformers computes the same:", (_backend, use) => {
  test.for(Object.keys(cases))("latents, codes and pixels of %s", async (name, context) => {
    await use(context);
    await expectNoLeak(async () => {
      const model = importTaming(hashedWeights(seed, cases[name].weights), cases[name].config);
      const pixels = drawPixels(seed, cases[name].pixels);
      const decoded = await expectParity(model, pixels, under(golden, `${name}.`));
      const clipped = tf.clipByValue(decoded, -1, 1);
      const reconstructed = model.reconstruct(pixels);
      await expectClose(reconstructed, clipped, { atol: 1e-6 });
      tf.dispose([pixels, decoded, clipped, reconstructed]);
      model.dispose();
    });
  });

  test("the loss and every gradient of f2", async (context) => {
    await use(context);
    await expectNoLeak(async () => {
      const { config } = cases.f2;
      const model = importTaming(hashedWeights(seed, cases.f2.weights), { ...config, reconstruction: "l2" });
      const pixels = drawPixels(seed, cases.f2.gradients!);
      const { value, gradients } = valueAndGradients(
        () => ({ loss: model.loss(pixels).loss }),
        model.trainableParams(),
      );
      await expectClose(value.loss, golden["f2.loss"], { rtol: 1e-5 });
      expect(await largestGradientError(gradients)).toBeLessThan(1e-4);
      tf.dispose([pixels, value.loss, ...Object.values(gradients)]);
      model.dispose();
    });
  });
});

/** Smaller gradients are rounding errors of what is 0, such as that of a bias before a norm of single channels. */
const TINY = 1e-2;

/** Compares norms and products with the oracle's uniform numbers, relative to the gradient's norm. */
async function largestGradientError(gradients: Record<string, tf.Tensor>): Promise<number> {
  const names = Object.keys(cases.f2.weights);
  let [largest, compared] = [0, 0];
  for (const [key, gradient] of Object.entries(gradients)) {
    const name = tamingName(key);
    const [norm, along] = Array.from(golden[`f2.gradient.${name}`].data);
    const layout = tf.tidy(() => toTorch(gradient));
    const values = await layout.data();
    const direction = uniform(seed, names.indexOf(name) + 1, values.length);
    let [square, dot] = [0, 0];
    for (let index = 0; index < values.length; index++) {
      square += values[index] ** 2;
      dot += values[index] * direction[index];
    }
    layout.dispose();
    const size = Math.max(norm, TINY);
    const length = Math.sqrt(direction.reduce((sum, value) => sum + value ** 2, 0));
    const errors = [Math.abs(Math.sqrt(square) - norm) / size, Math.abs(dot - along) / (size * length)];
    expect(errors.every(Number.isFinite)).toBe(true);
    largest = Math.max(largest, ...errors);
    compared++;
  }
  expect(compared).toBe(names.length - 1); // all but the codebook
  return largest;
}
