import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { compile } from "./compile.ts";

beforeAll(useCpu);

test("other backends run the step itself, by the rules that they can check", () =>
  expectNoLeak(async () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const step = compile((x) => {
      w.assign(tf.add(w, x));
      return { w, x, y: tf.mul(w, 2) };
    });
    const x = tf.tensor1d([1, 1]);
    for (let call = 0; call < 3; call++) tf.dispose(step(x));
    const results = step(x);
    await expectClose(results.y, { shape: [2], data: [10, 12] }, {});
    expect(step.records).toEqual([]);
    expect(() => compile((async () => ({})) as never)()).toThrow("the step returned a promise");
    expect(() => compile((() => 3) as never)()).toThrow("returned a value of type number");
    tf.dispose(results);
    await expectClose(w, { shape: [2], data: [5, 6] }, {});
    step.dispose();
    expect(() => step(x)).toThrow("compile: the step was disposed");
    tf.dispose([w, x]);
  }));
