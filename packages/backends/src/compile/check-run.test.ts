import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";

beforeAll(async () => {
  await registerNode();
});

const variable = (values: tf.TensorLike) => tf.tidy(() => tf.variable(tf.tensor(values)));

test("debug gives the step's own results and assigns once", () =>
  expectNoLeak(async () => {
    const w = variable([1]);
    const step = compile(
      (x) => {
        w.assign(tf.add(w, x));
        return { y: tf.mul(w, 2) };
      },
      { debug: true },
    );
    const x = tf.tensor1d([1]);
    for (const data of [[4], [6], [8], [10], [12]]) {
      const { y } = step(x);
      await expectClose(y, { shape: [1], data }, {});
      y.dispose();
    }
    await expectClose(w, { shape: [1], data: [6] }, {});
    step.dispose();
    tf.dispose([w, x]);
  }));

test("debug names the result or variable that differs", () =>
  expectNoLeak(() => {
    let factor = 1;
    const w = variable([1]);
    const step = compile(
      (x) => {
        w.assign(tf.add(w, 1));
        return { y: tf.mul(x, 2), z: tf.mul(x, factor) };
      },
      { debug: true },
    );
    const x = tf.tensor1d([1, 2]);
    for (let call = 0; call < 3; call++) tf.dispose(step(x));
    factor = 1.5;
    expect(() => step(x)).toThrow(
      /^compile: the result "z" differs by 1 between the compiled step and the step itself, whose largest element is 3\. /,
    );
    const counting = compile(
      () => {
        w.assign(tf.mul(w, factor));
        return {};
      },
      { debug: true },
    );
    for (let call = 0; call < 3; call++) counting();
    factor = 1;
    expect(counting).toThrow(`compile: the variable "${w.name}" differs by`);
    step.dispose();
    counting.dispose();
    tf.dispose([x, w]);
  }));

test("debug takes NaN and Infinity for themselves only", () =>
  expectNoLeak(() => {
    let factor = 1;
    const x = tf.tensor1d([0, 1, -1]);
    const step = compile((x) => ({ y: tf.mul(tf.log(x), factor) }), { debug: true });
    for (let call = 0; call < 4; call++) tf.dispose(step(x)); // [-Infinity, 0, NaN]
    factor = -1;
    expect(() => step(x)).toThrow('the result "y" differs by Infinity');
    step.dispose();
    x.dispose();
  }));
