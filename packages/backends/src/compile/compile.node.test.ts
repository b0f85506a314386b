import { valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";

beforeAll(async () => {
  await registerNode();
});

const variable = (values: tf.TensorLike) => tf.tidy(() => tf.variable(tf.tensor(values)));

test("by hand: a result, a variable that is assigned, a captured tensor", () =>
  expectNoLeak(async () => {
    const w = variable([1, 2]);
    const two = tf.scalar(2);
    const step = compile((x) => {
      w.assign(tf.add(w, x));
      return { y: tf.mul(w, two) };
    });
    const expected = [
      [4, 8],
      [6, 12],
      [8, 16],
      [10, 20],
    ];
    for (const data of expected) {
      const x = tf.tensor1d([1, 2]);
      const { y } = step(x);
      await expectClose(y, { shape: [2], data }, {});
      tf.dispose([x, y]);
    }
    await expectClose(w, { shape: [2], data: [5, 10] }, {});
    expect(step.records).toEqual([
      { inputs: ["float32 [2]"], compiled: true, operations: 2, functions: 1, outsideCalls: 0 },
    ]);
    step.dispose();
    tf.dispose([w, two]);
  }));

test("gradients, reshapes and lists of inputs", () =>
  expectNoLeak(async () => {
    const params = { w: variable([[1, 2, 3, 4]]), b: variable([0.5, -0.5]) };
    const step = compile(
      (x) => {
        const { value, gradients } = valueAndGradients(() => {
          const rows = tf.matMul(x, tf.reshape(params.w, [2, 2]));
          const both = tf.concat([tf.add(rows, params.b), tf.tanh(rows)], 1);
          return { loss: tf.mean(tf.square(both)), both };
        }, params);
        for (const [name, gradient] of Object.entries(gradients)) {
          const param = params[name as keyof typeof params];
          param.assign(tf.sub(param, tf.mul(gradient, 0.1)));
        }
        return { loss: value.loss, both: value.both };
      },
      { debug: true },
    );
    const x = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    for (let call = 0; call < 5; call++) tf.dispose(step(x));
    expect(step.records[0].compiled).toBe(true);
    step.dispose();
    tf.dispose([x, params]);
  }));
