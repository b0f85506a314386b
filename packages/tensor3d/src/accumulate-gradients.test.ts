import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { accumulateGradients } from "./accumulate-gradients.ts";
import { sparseCrossEntropy } from "./cross-entropy.ts";
import { valueAndGradients } from "./gradient.ts";
import { Linear } from "./linear.ts";
import { namedParams } from "./params.ts";
import { Rng, randomNormal } from "./rng.ts";

beforeAll(useCpu);

test("by hand: means of the parts' values and gradients", () =>
  expectNoLeak(async () => {
    const w = tf.tidy(() => tf.variable(tf.scalar(3)));
    const f = (index: number) => ({ loss: tf.mul(tf.square(w), index + 1), part: tf.scalar(index) });
    const { value, gradients } = accumulateGradients(3, f, { w });
    await expectClose(value.loss, { shape: [], data: [18] }, {}); // 9 times the mean of 1, 2, 3
    await expectClose(value.part, { shape: [], data: [1] }, {});
    await expectClose(gradients.w, { shape: [], data: [12] }, {});
    tf.dispose([{ ...value }, gradients, w]);
  }));

test.each([1, 2, 4])("%d parts give the gradients of the whole batch", (count) =>
  expectNoLeak(async () => {
    const layer = new Linear({ inFeatures: 5, outFeatures: 7 }, new Rng(1));
    const x = randomNormal([8, 5], new Rng(2));
    const labels = tf.tensor1d(new Rng(3).integers(8, 7), "int32");
    const loss = (from: number, rows: number) => ({
      loss: tf.mean(
        sparseCrossEntropy(layer.apply(tf.slice(x, [from, 0], [rows, 5])), tf.slice(labels, [from], [rows])),
      ),
    });
    const rows = 8 / count;
    const whole = valueAndGradients(() => loss(0, 8), namedParams(layer));
    const parts = accumulateGradients(count, (index) => loss(index * rows, rows), namedParams(layer));
    await expectClose(parts.value.loss, whole.value.loss, { rtol: 1e-6 });
    for (const [key, gradient] of Object.entries(parts.gradients)) {
      await expectClose(gradient, whole.gradients[key], { atol: 1e-7 });
    }
    tf.dispose([whole.value.loss, whole.gradients, parts.value.loss, parts.gradients, x, labels]);
    layer.dispose();
  }),
);

test("more parts need no more memory", async () => {
  const w = tf.tidy(() => tf.variable(tf.ones([1000])));
  const peakOf = async (count: number): Promise<number> => {
    const { peakBytes } = await tf.profile(() => {
      const { value, gradients } = accumulateGradients(count, () => ({ loss: tf.sum(tf.square(w)) }), { w });
      tf.dispose([value.loss, gradients]);
    });
    return peakBytes;
  };
  expect(await peakOf(9)).toBeLessThan((await peakOf(2)) + 1000);
  w.dispose();
});

test("no parts, and parts that differ, are refused", () =>
  expectNoLeak(() => {
    const w = tf.tidy(() => tf.variable(tf.scalar(3)));
    const loss = () => ({ loss: tf.square(w) });
    for (const count of [0, 1.5]) {
      expect(() => accumulateGradients(count, loss, { w })).toThrow(`parts from 1, got ${count}`);
    }
    const differing = (index: number) => (index === 0 ? loss() : { ...loss(), more: tf.scalar(1) });
    expect(() => accumulateGradients(2, differing, { w })).toThrow(
      "wanted loss from each part, got loss, more",
    );
    w.dispose();
  }));
