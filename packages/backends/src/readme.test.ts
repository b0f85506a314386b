import { AdamW, Linear, namedParams, Rng, randomNormal, valueAndGradients } from "@nuwa/tensor3d";
import { expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { compile, useBackend } from "./index.ts";

/** Inputs, and what one layer makes of them. */
function drawBatches(count: number): { x: tf.Tensor; y: tf.Tensor }[] {
  const layer = new Linear({ inFeatures: 8, outFeatures: 4 }, new Rng(2));
  const batches = Array.from({ length: count }, (_, index) => {
    const x = randomNormal([16, 8], new Rng(3).fork(index));
    return { x, y: layer.apply(x) };
  });
  layer.dispose();
  return batches;
}

test("the README's example of a compiled step", async () => {
  await useBackend("node");
  await expectNoLeak(async () => {
    const batches = drawBatches(60);
    const layer = new Linear({ inFeatures: 8, outFeatures: 4 }, new Rng(1));
    const params = namedParams(layer);
    const optimizer = new AdamW(params, { clipNorm: 1 });

    const step = compile((x: tf.Tensor, y: tf.Tensor, rate: tf.Tensor) => {
      const loss = () => ({ loss: tf.mean(tf.squaredDifference(layer.apply(x), y)) });
      const { value, gradients } = valueAndGradients(loss, params);
      const norm = optimizer.step(gradients, rate as tf.Scalar);
      return { loss: value.loss, norm };
    });
    const losses: number[] = [];
    for (const [index, { x, y }] of batches.entries()) {
      const rate = tf.scalar(0.1 / (1 + index / 10));
      const { loss, norm } = step(x, y, rate);
      expect([loss.shape, norm.shape]).toEqual([[], []]);
      losses.push((await loss.data())[0]);
      tf.dispose([x, y, rate, loss, norm]);
    }
    expect(losses.at(-1)).toBeLessThan(losses[0] / 10);
    const [{ inputs, program }] = step.records;
    expect(inputs).toEqual(["float32 [16, 8]", "float32 [16, 4]", "float32 []"]);
    expect(program?.functions).toEqual({ graph: 1, xla: 0, measured: 0 });
    step.dispose();
    optimizer.dispose();
    layer.dispose();
  });
});
