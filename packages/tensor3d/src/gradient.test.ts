import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { gelu, silu } from "./activation.ts";
import { valueAndGradients } from "./gradient.ts";
import { LayerNorm } from "./norm.ts";
import { Rng, randomNormal } from "./rng.ts";

beforeAll(useCpu);

const variable = (values: tf.TensorLike) => tf.tidy(() => tf.variable(tf.tensor(values)));

test("all values come back, gradients under the keys of the params", () =>
  expectNoLeak(async () => {
    const params = { "a.weight": variable([1, 2]), b: variable(3) };
    const { value, gradients } = valueAndGradients(() => {
      const product = tf.mul(params["a.weight"], params.b);
      return { loss: tf.sum(tf.square(product)) as tf.Scalar, product, constant: params.b as tf.Tensor };
    }, params);
    await expectClose(value.loss, { shape: [], data: [45] }, {});
    await expectClose(value.product, { shape: [2], data: [3, 6] }, {});
    await expectClose(gradients["a.weight"], { shape: [2], data: [18, 36] }, {});
    await expectClose(gradients.b, { shape: [], data: [30] }, {});
    tf.dispose([value.loss, value.product, value.constant, gradients]);
    expect(params.b.isDisposed).toBe(false);
    tf.dispose(params);
  }));

test("inside a tidy nothing is left", () =>
  expectNoLeak(() => {
    const w = variable(3);
    tf.tidy(() => {
      valueAndGradients(() => ({ loss: tf.square(w), other: tf.neg(w) }), { w });
    });
    w.dispose();
  }));

test("params that the loss does not use are named, or get zeros", () =>
  expectNoLeak(async () => {
    const params = { used: variable(3), idle: variable([1, 1]) };
    const f = () => ({ loss: tf.square(params.used), other: tf.neg(params.used) });
    expect(() => valueAndGradients(f, params)).toThrow("the loss does not depend on idle");
    expect(() => valueAndGradients(() => ({ loss: tf.scalar(1) }), params)).toThrow("depend on used, idle");
    const { value, gradients } = valueAndGradients(f, params, { allowUnused: true });
    await expectClose(gradients.idle, { shape: [2], data: [0, 0] }, {});
    tf.dispose([value.loss, value.other, gradients, params]);
  }));

test("a loss that is no scalar, and no params, are refused", () =>
  expectNoLeak(() => {
    const w = variable([1, 1]);
    expect(() => valueAndGradients(() => ({ loss: tf.square(w), other: tf.neg(w) }), { w })).toThrow(
      'wanted a scalar in "loss", got the shape [2]',
    );
    expect(() => valueAndGradients(() => ({}) as never, { w })).toThrow("got undefined");
    expect(() => valueAndGradients(() => ({ loss: tf.scalar(1) }), {})).toThrow("at least one variable");
    w.dispose();
  }));

/** `sum(x)` with the gradient that `gradientOf` computes. */
function summed(x: tf.Tensor, gradientOf: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  const sum = tf.customGrad((...inputs) => {
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    save([inputs[0] as tf.Tensor]);
    const gradFunc = (_dy: tf.Tensor, [saved]: tf.Tensor[]) => gradientOf(saved);
    return { value: tf.sum(inputs[0] as tf.Tensor), gradFunc };
  });
  return sum(x);
}

test("a gradient function may compute gradients itself", () =>
  expectNoLeak(async () => {
    const w = variable([1, 2]);
    let inner: tf.Tensor | undefined;
    const gradientOf = (y: tf.Tensor) => {
      const { value, gradients } = valueAndGradients(() => ({ loss: tf.sum(tf.pow(y, 3)) }), { y });
      inner = tf.keep(value.loss);
      return gradients.y;
    };
    const { value, gradients } = valueAndGradients(() => ({ loss: summed(tf.square(w), gradientOf) }), { w });
    await expectClose(value.loss, { shape: [], data: [5] }, {});
    await expectClose(inner!, { shape: [], data: [65] }, { rtol: 1e-6 }); // Σ w⁶
    await expectClose(gradients.w, { shape: [2], data: [6, 192] }, { rtol: 1e-6 }); // 6 w⁵
    tf.dispose([value.loss, inner!, gradients.w, w]);
  }));

test("an error in such a gradient function leaves nothing behind", () =>
  expectNoLeak(() => {
    const w = variable([1, 2]);
    const gradientOf = (y: tf.Tensor) =>
      valueAndGradients(() => ({ loss: tf.square(tf.square(y)) }), { y }).gradients.y;
    const f = () => ({ loss: summed(tf.square(w), gradientOf) });
    expect(() => valueAndGradients(f, { w })).toThrow("wanted a scalar");
    w.dispose();
  }));

let norm: LayerNorm;
beforeAll(() => {
  norm = new LayerNorm({ dim: 8 });
});
afterAll(() => norm.dispose());

// As tfjs counts, views of a tensor are as large as itself.
test.each<[string, string, number, (x: tf.Tensor) => tf.Tensor]>([
  ["square", "its value and its input", 2, (x) => tf.square(x)],
  ["silu", "its value and two more", 3, silu],
  ["gelu", "its value and three more", 4, gelu],
  ["LayerNorm", "its value, two views, the normal and one number a row", 4.125, (x) => norm.apply(x)],
])("%s: the most that is alive at once grows by %s", async (_, _what, tensors, operation) => {
  const x = tf.tidy(() => tf.variable(randomNormal([1000, 8], new Rng(1))));
  const peakOf = async (length: number): Promise<number> => {
    const { peakBytes } = await tf.profile(() => {
      const chain = () => {
        let y: tf.Tensor = x;
        for (let index = 0; index < length; index++) y = operation(y);
        return { loss: tf.sum(y) };
      };
      const { value, gradients } = valueAndGradients(chain, { x });
      tf.dispose([value.loss, gradients]);
    });
    return peakBytes / (4 * x.size);
  };
  // Gradients of what came later have the place of what they were computed from.
  expect(((await peakOf(20)) - (await peakOf(4))) / 16).toBeLessThan(tensors + 0.01);
  x.dispose();
});
