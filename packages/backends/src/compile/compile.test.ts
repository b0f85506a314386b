import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";

beforeAll(async () => {
  await registerNode();
});

const variable = (values: tf.TensorLike) => tf.tidy(() => tf.variable(tf.tensor(values)));

/** Calls a step until it is compiled, and gives the results of the last call. */
function settled<Outputs extends tf.NamedTensorMap>(call: () => Outputs): Outputs {
  for (let run = 0; run < 2; run++) tf.dispose(call());
  return call();
}

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
      {
        inputs: ["float32 [2]"],
        program: { operations: 2, functions: { graph: 1, xla: 0, measured: 0 }, outsideCalls: 0 },
      },
    ]);
    step.dispose();
    tf.dispose([w, two]);
  }));

test("results that nothing computes are tensors of their own", () =>
  expectNoLeak(async () => {
    const w = variable([3]);
    const outside = tf.tensor1d([4]);
    const step = compile((x) => {
      const y = tf.add(x, 1);
      return { x, same: x, view: tf.reshape(x, [2, 1]), w, outside, made: tf.tensor1d([5, 6]), y, again: y };
    });
    const x = tf.tensor1d([1, 2]);
    const results = settled(() => step(x));
    await expectClose(results.x, { shape: [2], data: [1, 2] }, {});
    await expectClose(results.same, { shape: [2], data: [1, 2] }, {});
    await expectClose(results.view, { shape: [2, 1], data: [1, 2] }, {});
    await expectClose(results.w, { shape: [1], data: [3] }, {});
    await expectClose(results.outside, { shape: [1], data: [4] }, {});
    await expectClose(results.made, { shape: [2], data: [5, 6] }, {});
    await expectClose(results.y, { shape: [2], data: [2, 3] }, {});
    await expectClose(results.again, { shape: [2], data: [2, 3] }, {});
    tf.dispose(results);
    expect([x.isDisposed, w.isDisposed, outside.isDisposed]).toEqual([false, false, false]);
    step.dispose();
    tf.dispose([x, w, outside]);
  }));

test("variables that swap, and that share their values with each other and with a tensor", () =>
  expectNoLeak(async () => {
    const start = tf.tensor1d([1]);
    const [a, b] = [tf.variable(start), tf.variable(start)];
    const step = compile((x) => {
      const old = tf.clone(a);
      a.assign(tf.add(b, x));
      b.assign(old as tf.Tensor1D);
      return { start: tf.mul(start, 1) };
    });
    const x = tf.tensor1d([10]);
    for (let call = 0; call < 4; call++) tf.dispose(step(x)); // a, b: 11, 1; 11, 11; 21, 11; 21, 21
    const { start: given } = step(x);
    await expectClose(a, { shape: [1], data: [31] }, {});
    await expectClose(b, { shape: [1], data: [21] }, {});
    await expectClose(given, { shape: [1], data: [1] }, {});
    step.dispose();
    tf.dispose([start, a, b, x, given]);
  }));

test("a variable whose values had another shape, and views of tensors from outside", () =>
  expectNoLeak(async () => {
    const flat = tf.tensor1d([1, 2, 3, 4]);
    const w = tf.tidy(() => tf.variable(tf.reshape(tf.tensor1d([1, 1, 1, 1]), [2, 2])));
    const matrix = tf.reshape(flat, [2, 2]);
    tf.matMul(matrix, matrix).dispose(); // the backend knows the shape from now on
    const step = compile((x) => {
      w.assign(tf.reshape(tf.add(tf.reshape(w, [4]), flat), [2, 2]));
      return { y: tf.matMul(tf.reshape(x, [1, 2]), tf.add(w, matrix)) };
    });
    const x = tf.tensor1d([1, 1]);
    const { y } = settled(() => step(x));
    await expectClose(w, { shape: [2, 2], data: [4, 7, 10, 13] }, {});
    await expectClose(y, { shape: [1, 2], data: [18, 26] }, {});
    step.dispose();
    tf.dispose([flat, w, matrix, x, y]);
  }));

test("the same tensor as two inputs, other types, large constants, lists, no inputs", () =>
  expectNoLeak(async () => {
    const step = compile((a, b) => ({
      difference: tf.sub(a, tf.mul(b, 2)),
      both: tf.logicalAnd(tf.greater(a, 1), tf.less(b, 3)),
      most: tf.argMax(a),
      parts: tf.stack(tf.split(a, 3)),
      ramp: tf.sum(tf.mul(tf.range(0, 3000), tf.linspace(0, 1, 3000))),
    }));
    const a = tf.tensor1d([1, 2, 3]);
    const results = settled(() => step(a, a));
    await expectClose(results.difference, { shape: [3], data: [-1, -2, -3] }, {});
    await expectClose(results.both, { shape: [3], data: [0, 1, 0] }, {});
    await expectClose(results.most, { shape: [], data: [2] }, {});
    await expectClose(results.parts, { shape: [3, 1], data: [1, 2, 3] }, {});
    await expectClose(results.ramp, { shape: [], data: [2999 * 1000 - 500] }, { rtol: 1e-2 });
    const count = variable(0);
    const counting = compile(() => {
      count.assign(tf.add(count, 1));
      return {};
    });
    for (let call = 0; call < 5; call++) expect(counting()).toEqual({});
    await expectClose(count, { shape: [], data: [5] }, {});
    step.dispose();
    counting.dispose();
    tf.dispose([a, results, count]);
  }));

test("what a step makes at its first call only, and a step within a step", () =>
  expectNoLeak(async () => {
    const w = variable([1, 2]);
    let moment: tf.Variable | undefined;
    const inner = compile((x) => ({ square: tf.square(x) }));
    const step = compile((x) => {
      moment ??= tf.variable(tf.zerosLike(x));
      moment.assign(tf.add(moment, inner(x).square));
      w.assign(tf.sub(w, moment));
      return {};
    });
    const x = tf.tensor1d([1, 2]);
    for (let call = 0; call < 5; call++) step(x);
    await expectClose(moment!, { shape: [2], data: [5, 20] }, {});
    await expectClose(w, { shape: [2], data: [-14, -58] }, {});
    expect(step.records[0].program).toBeDefined();
    expect(inner.records).toEqual([]);
    step.dispose();
    inner.dispose();
    tf.dispose([w, moment!, x]);
  }));
