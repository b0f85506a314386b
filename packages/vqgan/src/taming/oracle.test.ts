import { readFileSync } from "node:fs";
import { probeNode, registerNode } from "@nuwa/backends/node";
import { probeWasm, registerWasm } from "@nuwa/backends/wasm";
import { decodeSafetensors, type HostTensor, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, type TestContext, test } from "vitest";
import { importTaming } from "../checkpoints/taming.ts";
import { tamingName } from "../checkpoints/taming-names.ts";
import { toTorch } from "../checkpoints/torch-layout.ts";
import type { TamingVqConfigInput } from "../config.ts";

// tooling/oracle/taming_vqgan.py wrote the fixture with taming-transformers.
type Shape = [number, number, number, number];

interface Case {
  readonly config: Omit<TamingVqConfigInput, "architecture">;
  readonly pixels: Shape;
  readonly gradients?: Shape;
  readonly weights: Record<string, { shape: number[]; shift: number; scale: number }>;
}

interface Golden {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

const { tensors, metadata } = decodeSafetensors(
  readFileSync(new URL("../fixtures/taming.safetensors", import.meta.url)),
);
const golden = tensors as Record<string, Golden>; // float32 and int32 only
const cases: Record<string, Case> = JSON.parse(metadata.cases);

/** The oracle's pseudo-random numbers in [-1, 1), from MurmurHash3's finalizer of a counter. */
function uniform(stream: number, count: number): Float32Array {
  const start = Number((BigInt(Number(metadata.seed) * 1000 + stream) * 0x9e3779b9n) & 0xffffffffn);
  return Float32Array.from({ length: count }, (_, place) => {
    let word = (start + place) >>> 0;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    word ^= word >>> 16;
    return (word >>> 8) / 2 ** 23 - 1;
  });
}

const product = (shape: readonly number[]) => shape.reduce((size, length) => size * length, 1);

function weightsOf({ weights }: Case): Record<string, HostTensor> {
  const entries = Object.entries(weights).map(([name, { shape, shift, scale }], index) => {
    const values = uniform(index + 1, product(shape)).map((u) => shift + Math.fround(scale * u));
    return [name, { shape, data: values }] as const;
  });
  return Object.fromEntries(entries);
}

const drawPixels = (shape: Shape) => tf.tensor4d(uniform(0, product(shape)), shape);

/** Largest difference over the largest value. */
async function relativeError(actual: tf.Tensor, expected: Golden): Promise<number> {
  expect(actual.shape).toEqual(expected.shape);
  const values = await actual.data();
  let [difference, largest] = [0, 0];
  for (let index = 0; index < values.length; index++) {
    const apart = Math.abs(values[index] - expected.data[index]);
    difference = Math.max(difference, apart); // NaN stays
    largest = Math.max(largest, Math.abs(expected.data[index]));
  }
  return difference / largest;
}

const isRequired = (name: string) => (process.env.NUWA_REQUIRE_BACKENDS ?? "").split(",").includes(name);

const backends = {
  cpu: () => useCpu(),
  async node(context: TestContext) {
    const probe = await probeNode();
    if (!probe.available && !isRequired("node")) context.skip(probe.reason);
    await registerNode({ fetch: false });
  },
  async wasm(context: TestContext) {
    const probe = await probeWasm();
    if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
    await registerWasm();
  },
};

describe.each(Object.entries(backends))("on %s taming-transformers computes the same:", (_backend, use) => {
  test.for(Object.keys(cases))("latents, codes and pixels of %s", async (name, context) => {
    await use(context);
    await expectNoLeak(async () => {
      const model = importTaming(weightsOf(cases[name]), cases[name].config);
      const pixels = drawPixels(cases[name].pixels);
      const latents = model.latents(pixels);
      expect(await relativeError(latents, golden[`${name}.latents`])).toBeLessThan(1e-5);
      const { codes } = model.encode(pixels);
      expect(new Set(Array.from(golden[`${name}.codes`].data)).size).toBeGreaterThan(5);
      await expectClose(codes, golden[`${name}.codes`], {});
      const decoded = tf.tidy(() => model.decoder.apply(model.quantizer.latentsOf(codes) as tf.Tensor4D));
      expect(await relativeError(decoded, golden[`${name}.decoded`])).toBeLessThan(1e-5);
      const clipped = tf.clipByValue(decoded, -1, 1);
      const reconstructed = model.reconstruct(pixels);
      await expectClose(reconstructed, clipped, { atol: 1e-6 });
      tf.dispose([pixels, latents, codes, decoded, clipped, reconstructed]);
      model.dispose();
    });
  });

  test("the loss and every gradient of f2", async (context) => {
    await use(context);
    await expectNoLeak(async () => {
      const { config } = cases.f2;
      const model = importTaming(weightsOf(cases.f2), { ...config, reconstruction: "l2" });
      const pixels = drawPixels(cases.f2.gradients!);
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
    const direction = uniform(names.indexOf(name) + 1, values.length);
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
