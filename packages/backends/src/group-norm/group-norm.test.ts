import "@tensorflow/tfjs-backend-cpu";
import { ensureGradients, FUSED_KERNELS, GroupNorm } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { backends } from "../testing/backends.ts";
import { drawProblem, expectNear, oracle, type Shape } from "../testing/norm-oracle.ts";

const { node, wasm } = backends;

describe.each(Object.entries({ node, wasm }))("on %s", (_backend, use) => {
  beforeAll(() => ensureGradients());

  test("the kernel is used, and by hand: two groups of two channels", async (context) => {
    await use(context);
    expect(tf.getKernel(FUSED_KERNELS.groupNorm, tf.getBackend())).toBeDefined();
    await expectNoLeak(async () => {
      const layer = new GroupNorm({ groups: 2, channels: 4, epsilon: 0 });
      // The first group has mean 2 and deviation 1, the second 10 and 2.
      const x = tf.tensor4d([1, 3, 12, 8, 3, 1, 8, 12], [1, 2, 1, 4]);
      const y = layer.apply(x);
      await expectClose(y, { shape: [1, 2, 1, 4], data: [-1, 1, 1, -1, 1, -1, -1, 1] }, { atol: 1e-6 });
      tf.dispose([x, y]);
      layer.dispose();
    });
  });

  test.for<[what: string, shape: Shape, groups: number, mean: number]>([
    ["groups of two channels", [3, 35, 64], 32, 0],
    ["a group for each channel", [2, 300, 16], 16, 3],
    ["one group", [2, 17, 12], 1, -1],
    ["three groups of two channels, which fill no vector", [3, 7, 6], 3, 1],
    ["channels that leave one over", [2, 6, 5], 5, 1],
    ["one position", [4, 1, 8], 2, 1],
    ["more pictures than are in memory at once", [7, 400, 64], 32, 1],
    ["a picture in parts", [2, 1700, 64], 16, 1],
    ["more channels than a part has numbers", [1, 2, 66_000], 2, 1],
    ["a mean of 1000 deviations", [2, 1500, 64], 32, 1000],
  ])("%s: values and gradients are those of float64", async ([, shape, groups, mean], context) => {
    await use(context);
    await expectNoLeak(async () => {
      const problem = drawProblem(shape, groups, mean);
      const { values } = problem;
      const channels = shape[2];
      const config = { groups, channels };
      const inputs = [
        tf.tensor(values.x, shape),
        tf.tensor(values.gain, [channels]),
        tf.tensor(values.offset, [channels]),
      ];
      const dy = tf.tensor(values.dy, shape);
      const apply = (x: tf.Tensor, gain: tf.Tensor, offset: tf.Tensor) =>
        GroupNorm.prototype.apply.call({ config, params: { gain, offset } } as never, x);
      const y = apply(inputs[0], inputs[1], inputs[2]);
      const gradients = tf.grads(apply)(inputs, dy);
      const expected = oracle(problem, 1e-5);
      await expectNear(y, expected.y, 1e-5);
      await expectNear(gradients[0], expected.dx, 1e-5);
      await expectNear(gradients[1], expected.gain, 1e-5);
      await expectNear(gradients[2], expected.offset, 1e-5);
      tf.dispose([inputs, dy, y, gradients]);
    });
  });
});
