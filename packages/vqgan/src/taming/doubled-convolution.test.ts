import { Conv2d, Rng, randomNormal, upsampleNearest2x, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { doubledConvolution } from "./doubled-convolution.ts";

beforeAll(useCpu);

test.for([
  [1, 1, 1],
  [2, 3, 4],
])(
  "%d pictures of %d×%d: the convolution of the doubled pictures, with its gradients",
  ([batch, height, width]) =>
    expectNoLeak(async () => {
      const rng = new Rng(batch);
      const conv = new Conv2d({ inChannels: 3, outChannels: 5, kernel: 3 }, rng.fork("conv"));
      const { weight, bias } = conv.params;
      const drawnBias = randomNormal([5], rng.fork("bias"));
      bias.assign(drawnBias);
      const x = randomNormal([batch, height, width, 3], rng.fork("x")) as tf.Tensor4D;
      const dy = randomNormal([batch, 2 * height, 2 * width, 5], rng.fork("dy"));
      const outcomes = [
        (pictures: tf.Tensor4D) => conv.apply(upsampleNearest2x(pictures)),
        (pictures: tf.Tensor4D) => doubledConvolution(conv, pictures),
      ].map((run) =>
        valueAndGradients(
          () => {
            const y = run(x);
            return { y, loss: tf.sum(tf.mul(y, dy)) };
          },
          { x, weight, bias },
        ),
      );
      const [wanted, got] = outcomes;
      expect(got.value.y.shape).toEqual([batch, 2 * height, 2 * width, 5]);
      for (const name of ["y", "loss"] as const)
        await expectClose(got.value[name], wanted.value[name], { atol: 1e-4 });
      for (const [name, gradient] of Object.entries(got.gradients)) {
        await expectClose(gradient, wanted.gradients[name], { atol: 1e-5 });
      }
      tf.dispose(outcomes as never);
      tf.dispose([x, dy, drawnBias]);
      conv.dispose();
    }),
);
