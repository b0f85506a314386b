import { valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { adaptiveWeight } from "./adaptive-weight.ts";

beforeAll(useCpu);

const lastLayer = () => tf.tidy(() => tf.variable(tf.tensor1d([3, 4])));
const halfSquares = (last: tf.Tensor) => () => tf.mul(tf.sum(tf.square(last)), 0.5) as tf.Scalar; // gradient last
const linear = (last: tf.Tensor, slope: number) => () => tf.mul(tf.sum(last), slope) as tf.Scalar;

test.each([
  { slope: 2, options: {}, expected: 5 / (2 * Math.SQRT2) },
  { slope: 2, options: { delta: Math.SQRT2 }, expected: 5 / (3 * Math.SQRT2) },
  { slope: 2, options: { max: 1.5 }, expected: 1.5 },
  { slope: 0, options: {}, expected: 1e4 },
])("gradients (3, 4) and $slope · (1, 1), $options", ({ slope, options, expected }) =>
  expectNoLeak(async () => {
    const last = lastLayer();
    const weight = adaptiveWeight(
      { reconstruction: halfSquares(last), adversarial: linear(last, slope), last },
      options,
    );
    await expectClose(weight, { shape: [], data: [expected] }, { rtol: 1e-5 });
    tf.dispose([last, weight]);
  }),
);

test("a loss without the layer is an error, and nothing is left behind", () =>
  expectNoLeak(() => {
    const last = lastLayer();
    const inputs = { reconstruction: halfSquares(last), adversarial: () => tf.scalar(1), last };
    expect(() => adaptiveWeight(inputs)).toThrow(/does not depend on last/);
    last.dispose();
  }));

test("within another gradient computation it is an error", () =>
  expectNoLeak(() => {
    const last = lastLayer();
    const reconstruction = halfSquares(last);
    const nested = () => {
      const weight = adaptiveWeight({ reconstruction, adversarial: linear(last, 1), last });
      return { loss: tf.mul(reconstruction(), weight) };
    };
    expect(() => valueAndGradients(nested, { last })).toThrow(/Compute it before/);
    last.dispose();
  }));
