import { valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, test } from "vitest";
import { discriminatorLoss, generatorLoss } from "./adversarial.ts";

beforeAll(useCpu);

async function expectValue(actual: tf.Scalar, expected: number): Promise<void> {
  await expectClose(actual, { shape: [], data: [expected] }, { atol: 1e-6, rtol: 1e-6 });
  actual.dispose();
}

test("hinge, worked by hand", () =>
  expectNoLeak(async () => {
    const real = tf.tensor1d([0.5, 2, -1, 1]); // 1 - real above 0: 0.5, 0, 2, 0
    const fake = tf.tensor1d([-3, 1]); // 1 + fake above 0: 0, 2
    const losses = discriminatorLoss(real, fake, "hinge");
    await expectValue(losses.real, 0.3125);
    await expectValue(losses.fake, 0.5);
    await expectValue(losses.loss, 0.8125);
    await expectValue(generatorLoss(fake, "hinge"), 1);
    tf.dispose([real, fake]);
  }));

test("the paper's logarithms, worked by hand", () =>
  expectNoLeak(async () => {
    const real = tf.tensor1d([Math.log(3)]); // D = 3/4
    const fake = tf.tensor1d([-Math.log(4)]); // D = 1/5
    const losses = discriminatorLoss(real, fake, "log");
    await expectValue(losses.real, -Math.log(3 / 4));
    await expectValue(losses.fake, -Math.log(4 / 5));
    await expectValue(losses.loss, -Math.log(3 / 5));
    await expectValue(generatorLoss(fake, "log"), Math.log(5));
    tf.dispose([real, fake]);
  }));

test("logarithms of large logits stay finite, and the decoder's gradient does not vanish", () =>
  expectNoLeak(async () => {
    const fake = tf.tidy(() => tf.variable(tf.tensor1d([-1000, 1000])));
    const { value, gradients } = valueAndGradients(() => ({ loss: generatorLoss(fake, "log") }), { fake });
    await expectValue(value.loss, 500);
    await expectClose(gradients.fake, { shape: [2], data: [-0.5, 0] }, { atol: 1e-7 });
    const small = tf.scalar(20);
    const loss = generatorLoss(small, "log");
    await expectClose(loss, { shape: [], data: [Math.exp(-20)] }, { rtol: 1e-5 });
    tf.dispose([fake, gradients.fake, small, loss]);
  }));
