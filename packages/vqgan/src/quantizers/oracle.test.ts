import { loadParams, namedParams, Rng, under, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { type Golden, readGolden } from "../fixtures/golden.ts";
import { type QuantizerConfig, quantizerSchema } from "./config.ts";
import { createQuantizer } from "./create.ts";

// tooling/oracle/quantizers.py wrote the fixture with PyTorch.
const configs: Record<string, object> = {
  codebook: {},
  cosine: { codeDim: 3 },
  fsq: { levels: [8, 5, 4, 3, 2, 7] },
  lfq: { codeDim: 4, entropy: 0.3, diversity: 0.8, temperature: 0.7 },
};

const { golden } = readGolden("quantizers.safetensors");

beforeAll(useCpu);

function tensorOf({ shape, data }: Golden): tf.Tensor {
  return tf.tensor(Float32Array.from(data), [...shape]);
}

function goldenQuantizer(kind: string) {
  const quantizer = quantizerSchema.parse({ kind, ...configs[kind] }) as QuantizerConfig;
  const layer = createQuantizer({ quantizer, codebookSize: 7, embeddingDim: 5 }, new Rng(0));
  const counts = { shape: [layer.codeCount], data: new Float32Array(layer.codeCount) };
  loadParams(layer, { ...under(golden, `${kind}.param.`), counts });
  return layer;
}

test.each(Object.keys(configs))("%s agrees with PyTorch in values, loss and every gradient", (kind) =>
  expectNoLeak(async () => {
    const quantizer = goldenQuantizer(kind);
    const expected = under(golden, `${kind}.`);
    const latents = tf.tidy(() => tf.variable(tensorOf(expected.latents)));
    const weights = tensorOf(expected.weights);
    const params = Object.entries(namedParams(quantizer)).filter(([, param]) => param.trainable);
    const { value, gradients } = valueAndGradients(
      () => {
        const { codes, quantized, loss: terms } = quantizer.quantize(latents);
        return { loss: tf.add(terms, tf.sum(tf.mul(quantized, weights))), codes, quantized, terms };
      },
      { latents, ...Object.fromEntries(params) },
    );
    await expectClose(value.codes, expected.codes, {});
    expect(new Set(Array.from(expected.codes.data)).size).toBeGreaterThan(3);
    await expectClose(value.quantized, expected.quantized, { atol: 2e-6 });
    await expectClose(value.terms, expected.loss, { atol: 1e-6 });
    const wanted = under(golden, `${kind}.gradient.`);
    expect(Object.keys(gradients).sort()).toEqual(Object.keys(wanted).sort());
    for (const [name, gradient] of Object.entries(gradients)) {
      await expectClose(gradient, wanted[name], { atol: 5e-6, rtol: 1e-5 });
    }
    const codes = quantizer.codesOf(latents);
    await expectClose(codes, expected.codes, {});
    const restored = quantizer.latentsOf(codes);
    await expectClose(restored, expected.quantized, { atol: 2e-6 });
    tf.dispose([latents, weights, codes, restored, ...Object.values(value), ...Object.values(gradients)]);
    quantizer.dispose();
  }),
);

test.each(Object.keys(configs))("%s without rounding agrees with PyTorch", (kind) =>
  expectNoLeak(async () => {
    const quantizer = goldenQuantizer(kind);
    const expected = under(golden, `${kind}.`);
    const [latents, weights] = [tensorOf(expected.latents), tensorOf(expected.weights)];
    const passed = quantizer.continuous(latents);
    await expectClose(passed, expected.continuous, { atol: 2e-6 });
    const gradient = tf.grad((z) => tf.sum(tf.mul(quantizer.continuous(z), weights)))(latents);
    await expectClose(gradient, expected["continuous.gradient"], { atol: 5e-6 });
    tf.dispose([latents, weights, passed, gradient]);
    quantizer.dispose();
  }),
);
