import { readFileSync } from "node:fs";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { gelu, silu } from "./activation.ts";
import { Conv2d, upsampleNearest2x } from "./conv.ts";
import { sparseCrossEntropy } from "./cross-entropy.ts";
import { ensureGradients } from "./ensure-gradients.ts";
import { GroupNorm } from "./group-norm.ts";
import { Linear } from "./linear.ts";
import { LayerNorm } from "./norm.ts";
import { Rng } from "./rng.ts";
import { decodeSafetensors } from "./safetensors/decode.ts";

// Written by tooling/oracle/tensor3d.py with PyTorch.
const { tensors: oracle } = decodeSafetensors(
  readFileSync(new URL("./fixtures/layers.safetensors", import.meta.url)),
);
const golden = (key: string) => oracle[key] as { shape: number[]; data: Float32Array };
const tensor = (key: string) => tf.tensor(golden(key).data, golden(key).shape);

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

/** Compares the output and every gradient of `f` with those of PyTorch. */
async function expectLikeTorch(name: string, names: string[], f: (...inputs: tf.Tensor[]) => tf.Tensor) {
  const inputs = names.map((input) => tensor(`${name}.${input}`));
  const upstream = tensor(`${name}.upstream`);
  const output = f(...inputs);
  const gradients = tf.grads(f as never)(inputs, upstream);
  await expectClose(output, golden(`${name}.output`), { atol: 2e-6, rtol: 2e-6 });
  for (const [index, gradient] of gradients.entries()) {
    await expectClose(gradient, golden(`${name}.gradient.${names[index]}`), { atol: 2e-5, rtol: 2e-5 });
  }
  tf.dispose([inputs, upstream, output, gradients]);
}

/** Runs a layer with other tensors in the place of its variables, so that `tf.grads` reaches them. */
function withParams(layer: { apply(x: tf.Tensor): tf.Tensor }, names: string[]) {
  const { config } = layer as unknown as { config: object };
  const { apply } = layer;
  return (x: tf.Tensor, ...values: tf.Tensor[]) =>
    apply.call(
      { config, params: Object.fromEntries(names.map((name, index) => [name, values[index]])) } as never,
      x,
    );
}

describe("the output and the gradients are PyTorch's:", () => {
  test("Linear", () =>
    expectNoLeak(async () => {
      const layer = new Linear({ inFeatures: 5, outFeatures: 4 }, new Rng(1));
      await expectLikeTorch(
        "linear",
        ["x", "weight", "bias"],
        withParams(layer, ["weight", "bias"]) as never,
      );
      layer.dispose();
    }));

  test("LayerNorm", () =>
    expectNoLeak(async () => {
      const layer = new LayerNorm({ dim: 6 });
      await expectLikeTorch("norm", ["x", "gain", "offset"], withParams(layer, ["gain", "offset"]) as never);
      layer.dispose();
    }));

  test("GroupNorm", () =>
    expectNoLeak(async () => {
      const layer = new GroupNorm({ groups: 2, channels: 6, epsilon: 1e-6 });
      const run = withParams(layer, ["gain", "offset"]) as never;
      await expectLikeTorch("groupNorm", ["x", "gain", "offset"], run);
      layer.dispose();
    }));

  test.each([
    [1, 1, "same"],
    [1, 1, 1],
    [2, 1, 1],
    [2, 0, "valid"],
  ] as const)("Conv2d, stride %s, PyTorch's padding %s, %s here", (stride, torchPadding, padding) =>
    expectNoLeak(async () => {
      const layer = new Conv2d({ inChannels: 3, outChannels: 2, kernel: 3, stride, padding }, new Rng(1));
      const run = withParams(layer, ["weight", "bias"]) as never;
      await expectLikeTorch(`conv.${stride}.${torchPadding}`, ["x", "weight", "bias"], run);
      layer.dispose();
    }),
  );

  test("gelu", () => expectNoLeak(() => expectLikeTorch("gelu", ["x"], gelu)));
  test("silu", () => expectNoLeak(() => expectLikeTorch("silu", ["x"], silu)));
  test("upsampleNearest2x", () =>
    expectNoLeak(() => expectLikeTorch("upsample", ["x"], upsampleNearest2x as never)));

  test("sparseCrossEntropy", () =>
    expectNoLeak(async () => {
      const { shape, data } = golden("crossEntropy.labels");
      const labels = tf.tensor(data, shape, "int32");
      await expectLikeTorch("crossEntropy", ["logits"], (logits) => sparseCrossEntropy(logits, labels));
      labels.dispose();
    }));
});

describe("by hand:", () => {
  test("Linear without bias", () =>
    expectNoLeak(async () => {
      const layer = new Linear({ inFeatures: 2, outFeatures: 2, bias: false }, new Rng(1));
      expect(Object.keys(layer.params)).toEqual(["weight"]);
      const y = tf.tidy(() => {
        layer.params.weight.assign(tf.tensor2d([1, 2, 3, 4], [2, 2]));
        return layer.apply(tf.tensor1d([1, 10]));
      });
      await expectClose(y, { shape: [2], data: [31, 42] }, {});
      y.dispose();
      layer.dispose();
    }));

  test("LayerNorm of [1, 3] is [-1, 1]; large offsets do not hurt", () =>
    expectNoLeak(async () => {
      const layer = new LayerNorm({ dim: 2, epsilon: 0 });
      const y = tf.tidy(() => layer.apply(tf.tensor2d([1, 3, 10001, 10003], [2, 2])));
      await expectClose(y, { shape: [2, 2], data: [-1, 1, -1, 1] }, { atol: 1e-6 });
      y.dispose();
      layer.dispose();
    }));

  test("GroupNorm of two groups of one position, large offsets do not hurt; sequences are normalised too", () =>
    expectNoLeak(async () => {
      const layer = new GroupNorm({ groups: 2, channels: 4, epsilon: 0 });
      const y = tf.tidy(() => layer.apply(tf.tensor2d([1, 3, 10003, 10001], [1, 4])));
      await expectClose(y, { shape: [1, 4], data: [-1, 1, 1, -1] }, { atol: 1e-6 });
      const sequence = tf.tidy(() => layer.apply(tf.tensor3d([1, 1, 0, 2, 3, 3, 0, 2], [1, 2, 4])));
      const data = [-1, -1, -1, 1, 1, 1, -1, 1];
      await expectClose(sequence, { shape: [1, 2, 4], data }, { atol: 1e-6 });
      tf.dispose([y, sequence]);
      layer.dispose();
    }));

  test("gelu and silu stay finite far from 0", () =>
    expectNoLeak(async () => {
      const x = tf.tensor1d([-1e4, -30, 30, 1e4]);
      const values = [gelu(x), silu(x), tf.grad(gelu)(x), tf.grad(silu)(x)];
      for (const value of values.slice(0, 2)) {
        await expectClose(value, { shape: [4], data: [0, 0, 30, 1e4] }, { atol: 1e-6 });
      }
      for (const value of values.slice(2))
        await expectClose(value, { shape: [4], data: [0, 0, 1, 1] }, { atol: 1e-6 });
      tf.dispose([x, values]);
    }));

  test("sparseCrossEntropy of equal logits is log(classes); weights scale it; large logits do not overflow", () =>
    expectNoLeak(async () => {
      const logits = tf.tensor2d([5, 5, 5, 5, 1e4, 0, 0, 0], [2, 4]);
      const labels = tf.tensor1d([3, 0], "int32");
      const weights = tf.tensor1d([0.5, 2]);
      const loss = sparseCrossEntropy(logits, labels, weights);
      await expectClose(loss, { shape: [2], data: [0.5 * Math.log(4), 0] }, { atol: 1e-6 });
      const gradient = tf.grad((x) => sparseCrossEntropy(x, labels, weights))(logits);
      const expected = [0.125, 0.125, 0.125, -0.375, 0, 0, 0, 0];
      await expectClose(gradient, { shape: [2, 4], data: expected }, { atol: 1e-6 });
      tf.dispose([logits, labels, weights, loss, gradient]);
    }));

  test("sparseCrossEntropy outlives labels made inside a tidy", () =>
    expectNoLeak(async () => {
      const logits = tf.zeros([1, 2]);
      const f = (x: tf.Tensor) => tf.tidy(() => sparseCrossEntropy(x, tf.tensor1d([1], "int32")));
      const gradient = tf.grad(f)(logits);
      await expectClose(gradient, { shape: [1, 2], data: [0.5, -0.5] }, { atol: 1e-6 });
      tf.dispose([logits, gradient]);
    }));
});

describe("bad input is named:", () => {
  test.each([
    [
      "Linear x: wanted the shape [..., 2], got [3]",
      () => new Linear({ inFeatures: 2, outFeatures: 1 }, new Rng(1)).apply(tf.zeros([3])),
    ],
    ["LayerNorm x: wanted the shape [..., 2]", () => new LayerNorm({ dim: 2 }).apply(tf.zeros([2, 3]))],
    [
      "GroupNorm x: wanted the shape [batch, 4], got [2, 3]",
      () => new GroupNorm({ groups: 2, channels: 4 }).apply(tf.zeros([2, 3])),
    ],
    ["GroupNorm: wanted a multiple of 3 channels, got 4", () => new GroupNorm({ groups: 3, channels: 4 })],
    [
      "Conv2d x: wanted the shape [batch, height, width, 3], got [1, 2, 2, 1]",
      () =>
        new Conv2d({ inChannels: 3, outChannels: 1, kernel: 1 }, new Rng(1)).apply(tf.zeros([1, 2, 2, 1])),
    ],
    [
      "upsampleNearest2x: wanted [batch, height, width, channels]",
      () => upsampleNearest2x(tf.zeros([2, 2]) as never),
    ],
    [
      "sparseCrossEntropy labels: wanted int32, got float32",
      () => sparseCrossEntropy(tf.zeros([1, 2]), tf.zeros([1])),
    ],
    [
      "sparseCrossEntropy labels: wanted the shape [1], got [2]",
      () => sparseCrossEntropy(tf.zeros([1, 2]), tf.zeros([2], "int32")),
    ],
  ])("%s", (message, action) => {
    tf.engine().startScope();
    expect(action).toThrow(message);
    tf.engine().endScope();
  });
});
