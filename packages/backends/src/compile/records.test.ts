import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

const ramp = Float32Array.from({ length: 5000 }, (_, index) => index);

/** Adds an element of a large constant, which a record holds. */
const createStep = (records: number) =>
  compile((x: tf.Tensor1D) => ({ y: tf.add(tf.sum(x), tf.slice(tf.tensor1d(ramp), [x.size], [1])) }), {
    records,
  });

async function check(step: ReturnType<typeof createStep>, size: number): Promise<void> {
  const x = tf.ones([size]) as tf.Tensor1D;
  const { y } = step(x);
  await expectClose(y, { shape: [1], data: [2 * size] }, {});
  tf.dispose([x, y]);
}

test("another shape records anew; the one unused for the longest time goes, with what it held", () =>
  expectNoLeak(async () => {
    const step = createStep(2);
    const compiled = () => step.records.map(({ inputs, program }) => [inputs[0], program !== undefined]);
    for (const size of [1, 2, 3, 1, 2, 3, 4]) await check(step, size); // constants that the backend keeps
    const bare = createStep(2);
    const empty = backend.tensorCount();
    for (let call = 0; call < 3; call++) await check(bare, 2);
    const one = backend.tensorCount();
    expect(one - empty).toBeGreaterThan(0);
    for (let call = 0; call < 3; call++) await check(bare, 3);
    const two = backend.tensorCount();
    expect(two - one).toBe(one - empty);
    for (let call = 0; call < 3; call++) await check(bare, 4);
    expect(backend.tensorCount()).toBe(two);
    bare.dispose();
    expect(backend.tensorCount()).toBe(empty);
    expect(bare.records).toEqual([]);

    for (let call = 0; call < 3; call++) await check(step, 1);
    for (let call = 0; call < 3; call++) await check(step, 2);
    expect(compiled()).toEqual([
      ["float32 [1]", true],
      ["float32 [2]", true],
    ]);
    await check(step, 1); // now the latest
    await check(step, 3);
    expect(compiled()).toEqual([
      ["float32 [1]", true],
      ["float32 [3]", false],
    ]);
    step.dispose();
  }));

test("types tell records apart", () =>
  expectNoLeak(async () => {
    const step = compile((x) => ({ y: tf.add(x, x) }));
    for (const dtype of ["float32", "int32"] as const) {
      const x = tf.tensor1d([1, 2], dtype);
      for (let call = 0; call < 3; call++) {
        const { y } = step(x);
        expect(y.dtype).toBe(dtype);
        await expectClose(y, { shape: [2], data: [2, 4] }, {});
        y.dispose();
      }
      x.dispose();
    }
    expect(step.records.map(({ inputs }) => inputs)).toEqual([["float32 [2]"], ["int32 [2]"]]);
    step.dispose();
  }));

test("operations that no result needs are left out", () =>
  expectNoLeak(() => {
    const step = compile((x) => {
      tf.exp(tf.square(x));
      return { y: tf.neg(x) };
    });
    const x = tf.tensor1d([1]);
    for (let call = 0; call < 3; call++) tf.dispose(step(x));
    expect(step.records).toEqual([
      {
        inputs: ["float32 [1]"],
        program: { operations: 1, functions: { graph: 1, xla: 0, measured: 0 }, outsideCalls: 0 },
      },
    ]);
    step.dispose();
    x.dispose();
  }));
