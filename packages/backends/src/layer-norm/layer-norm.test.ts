import "@tensorflow/tfjs-backend-cpu";
import { ensureGradients, FUSED_KERNELS, LayerNorm, runFused } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { loadNodeBackend } from "../node/index.ts";
import { backends } from "../testing/backends.ts";
import { drawProblem, expectNear, oracle } from "../testing/norm-oracle.ts";
import { closeWebgpu } from "../webgpu/index.ts";

afterAll(closeWebgpu);

describe.each(Object.entries(backends))("on %s", (_backend, use) => {
  beforeAll(() => ensureGradients());

  test("by hand: mean 2 and deviation 1, gain 2 and offset 1", async (context) => {
    await use(context);
    await expectNoLeak(async () => {
      const layer = new LayerNorm({ dim: 4, epsilon: 0 });
      const [gain, offset] = [tf.fill([4], 2), tf.ones([4])];
      layer.params.gain.assign(gain);
      layer.params.offset.assign(offset);
      const x = tf.tensor2d([1, 3, 3, 1], [1, 4]);
      const y = layer.apply(x);
      await expectClose(y, { shape: [1, 4], data: [-1, 3, 3, -1] }, { atol: 1e-6 });
      tf.dispose([gain, offset, x, y]);
      layer.dispose();
    });
  });

  test.for<[what: string, shape: [rows: number, channels: number], mean: number]>([
    ["a step of decoding", [52, 512], 0],
    ["channels that leave some over", [7, 13], 1],
    ["fewer channels than a vector has", [5, 3], -1],
    ["more rows than are in memory at once", [700, 96], 1],
    ["more channels than a part has numbers", [2, 66_000], 2],
    ["more numbers than the kernel takes on the node backend", [300, 512], 1],
    ["more rows than an axis of a dispatch has workgroups", [65_600, 4], 1],
    ["a mean of 1000 deviations", [9, 64], 1000],
  ])("%s: values and gradients are those of float64", async ([, shape, mean], context) => {
    await use(context);
    await expectNoLeak(async () => {
      const [rows, channels] = shape;
      const problem = drawProblem([rows, 1, channels], 1, mean);
      const { values } = problem;
      const inputs = [
        tf.tensor(values.x, shape),
        tf.tensor(values.gain, [channels]),
        tf.tensor(values.offset, [channels]),
      ];
      const dy = tf.tensor(values.dy, shape);
      const apply = (x: tf.Tensor, gain: tf.Tensor, offset: tf.Tensor) =>
        LayerNorm.prototype.apply.call({ config: { dim: channels }, params: { gain, offset } } as never, x);
      const y = apply(inputs[0], inputs[1], inputs[2]);
      const gradients = tf.grads(apply)(inputs, dy);
      const expected = oracle(problem, 1e-5);
      await expectNear(y, expected.y, 1e-5);
      // Gradients are composed of operations, which lose digits where the mean is that large.
      if (mean < 1000) {
        await expectNear(gradients[0], expected.dx, 1e-5);
        await expectNear(gradients[1], expected.gain, 1e-5);
        await expectNear(gradients[2], expected.offset, 1e-5);
      }
      tf.dispose([inputs, dy, y, gradients]);
    });
  });
});

test("on node small norms are the kernel's, large ones oneDNN's", async (context) => {
  await backends.node(context);
  const backend = await loadNodeBackend();
  const executed = vi.spyOn(backend, "executeSingleOutput");
  const norm = (rows: number) =>
    tf.tidy(() => {
      const row = tf.ones([512]);
      runFused("layerNorm", { x: tf.ones([rows, 512]), gain: row, offset: row }, { epsilon: 1e-5 });
    });
  try {
    if (tf.getKernel(FUSED_KERNELS.layerNorm, "tensorflow") === undefined) context.skip("no oneDNN here");
    norm(256);
    const named = () =>
      executed.mock.calls.map(([name]) => name).filter((name) => name.includes("LayerNorm"));
    expect(named()).toEqual([]);
    norm(257);
    expect(named()).toEqual(["_MklLayerNorm"]);
  } finally {
    executed.mockRestore();
  }
});
