import { Rng, randomNormal, valueAndGradients } from "@nuwa/tensor3d";
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

const variable = (values: tf.TensorLike) => tf.tidy(() => tf.variable(tf.tensor(values)));

/** Calls a step up to four times, and gives the message of what it throws. Nothing may be left of it. */
function refusalOf(step: (x: tf.Tensor) => unknown, options = {}): string {
  const before = backend.tensorCount();
  const fast = compile(step as (x: tf.Tensor) => tf.NamedTensorMap, options);
  const x = tf.tensor1d([1, 2, 3]);
  try {
    for (let call = 0; call < 4; call++) tf.dispose(fast(x));
  } catch (error) {
    return (error as Error).message;
  } finally {
    fast.dispose();
    x.dispose();
    expect(backend.binding.observer).toBe(undefined);
    expect(backend.tensorCount() - before).toBeLessThan(6); // constants that the backend keeps
  }
  return "";
}

const here = /refusals\.test\.ts:\d+:\d+/;

test.each<[string, (x: tf.Tensor) => unknown]>([
  ["dataSync", (x) => ({ y: tf.mul(x, tf.sum(x).dataSync()[0]) })],
  ["arraySync", (x) => ({ y: tf.mul(x, tf.sum(x).arraySync() as number) })],
  [
    "data",
    (x) => {
      tf.sum(x).data();
      return { y: tf.neg(x) };
    },
  ],
  [
    "a loop that ends by a value",
    (x) => {
      let y = x;
      while (tf.sum(y).dataSync()[0] < 100) y = tf.mul(y, 2);
      return { y };
    },
  ],
])("reading back by %s", (_, step) =>
  expectNoLeak(() => {
    const message = refusalOf(step);
    expect(message).toMatch(
      /^compile: the step reads a tensor back at .*; what it does with the values would not be done/,
    );
    expect(message).toMatch(here);
    expect(message).toMatch(/Return the tensor and read it after the call\.$/);
  }),
);

test("values read outside of a kernel", () =>
  expectNoLeak(() => {
    const message = refusalOf((x) => {
      backend.copyInto(x, new Float32Array(3));
      return { y: tf.neg(x) };
    });
    expect(message).toMatch(
      /reads a tensor by the backend's copyInto, outside of a kernel, at .*refusals\.test/,
    );
  }));

test("an asynchronous step, also one that reads and fails later", () =>
  expectNoLeak(async () => {
    const wanted =
      "compile: the step returned a promise. Make it an ordinary function; do before or after it";
    expect(refusalOf(async () => ({}))).toContain(wanted);
    expect(
      refusalOf(async () => {
        await Promise.resolve();
        throw new Error("later");
      }),
    ).toContain(wanted);
    await new Promise(setImmediate); // an unhandled rejection would fail the test
  }));

test("random numbers of TensorFlow", () =>
  expectNoLeak(() => {
    const message = refusalOf((x) => ({ drawn: tf.multinomial(x as tf.Tensor1D, 2) }));
    expect(message).toMatch(
      /^compile: the step draws random numbers by TensorFlow's Multinomial at .*refusals\.test/,
    );
    expect(message).toMatch(/which each call would draw alike\. Draw them outside/);
  }));

test("shapes that depend on values", () =>
  expectNoLeak(() => {
    const message = refusalOf((x) => ({ codes: tf.unique(x).values }));
    expect(message).toMatch(
      /runs TensorFlow's UniqueV2 at .*, whose result's shape depends on values\. Run it outside/,
    );
  }));

test.each<[string, () => (x: tf.Tensor) => tf.Tensor]>([
  [
    "an Rng",
    () => {
      const rng = new Rng(1);
      return (x) => tf.add(x, randomNormal([3], rng));
    },
  ],
  ["randomNormal", () => (x) => tf.add(x, tf.randomNormal([3]))],
  [
    "a counter",
    () => {
      let count = 0;
      return (x) => tf.div(x, ++count);
    },
  ],
])("host values that change: %s", (_, create) =>
  expectNoLeak(() => {
    const step = create();
    const message = refusalOf((x) => ({ y: step(x) }));
    expect(message).toMatch(
      /^compile: the step does not do the same at every call with inputs of one shape: it made a tensor of other values at /,
    );
    expect(message).toContain(
      "Pass what changes between calls (random numbers, rates, counters, masks) as an input, or",
    );
  }),
);

test("operations, results, variables and tensors from outside that change", () =>
  expectNoLeak(() => {
    let count = 0;
    const everyOther = () => count++ % 2 === 0;
    expect(refusalOf((x) => ({ y: everyOther() ? tf.neg(x) : tf.abs(x) }))).toContain(
      "operation 1 was Abs, then Neg",
    );
    expect(refusalOf((x) => (everyOther() ? { y: tf.neg(x) } : { z: tf.neg(x) }))).toContain(
      "it returned other tensors",
    );
    const [a, b] = [variable([0, 0, 0]), variable([0, 0, 0])];
    const assigning = (x: tf.Tensor) => {
      (everyOther() ? a : b).assign(tf.neg(x));
      return {};
    };
    expect(refusalOf(assigning)).toContain("it assigned to other variables");
    expect(refusalOf((x) => ({ y: tf.add(x, everyOther() ? a : b) }))).toContain(
      "it reads other inputs or variables",
    );
    let last = tf.zeros([3]);
    const replacing = (x: tf.Tensor) => {
      const y = tf.add(x, last);
      last.dispose();
      last = tf.keep(tf.clone(y));
      return { y };
    };
    expect(refusalOf(replacing)).toMatch(/it uses another tensor from outside at .*refusals\.test/);
    const made: tf.Variable[] = [];
    const making = (x: tf.Tensor) => {
      made.push(tf.variable(tf.neg(x)));
      return {};
    };
    expect(refusalOf(making)).toContain(
      "it keeps 1 tensors or variables that it makes, besides its results. Pass what changes",
    );
    const kept: tf.Tensor[] = [];
    const keeping = (x: tf.Tensor) => {
      const y = tf.neg(x);
      kept.push(tf.keep(tf.square(y)));
      return { y };
    };
    expect(refusalOf(keeping)).toContain("it keeps 1 tensors or variables");
    const disposing = (x: tf.Tensor) => {
      const y = tf.neg(x);
      x.dispose();
      return { y };
    };
    expect(refusalOf(disposing)).toContain("it disposes 1 tensors or variables from outside");
    tf.dispose([a, b, last, made, kept]);
  }));

test("results that are no tensors by name", () =>
  expectNoLeak(() => {
    expect(refusalOf((x) => tf.neg(x))).toContain(
      "returned a single tensor, wanted a record of tensors by name. Return {",
    );
    expect(refusalOf((x) => [tf.neg(x)])).toContain("returned an array");
    expect(refusalOf(() => undefined)).toContain("returned undefined");
    expect(refusalOf((x) => ({ y: tf.neg(x), loss: 3 }))).toContain(
      'returned a value of type number as "loss"',
    );
    expect(refusalOf(() => ({ y: null }))).toContain('returned null as "y"');
  }));

test("what a step reads from outside and is gone: nothing changes then", () =>
  expectNoLeak(async () => {
    const [total, w, outside] = [variable([0, 0]), variable([1, 1]), tf.tensor1d([1, 2])];
    const step = compile((x) => {
      total.assign(tf.add(total, x));
      return { y: tf.add(tf.add(x, outside), w) };
    });
    const x = tf.tensor1d([1, 1]);
    for (let call = 0; call < 3; call++) tf.dispose(step(x));
    outside.dispose();
    expect(() => step(x)).toThrow(
      /^compile: a tensor \[2\] from outside of the step, used at .*refusals\.test\.ts.*, was disposed after the step was recorded\. Keep it/,
    );
    w.dispose();
    expect(() => step(x)).toThrow(
      /^compile: (the variable ".*"|a tensor \[2\]).* was disposed after the step was recorded\. Keep it/,
    );
    await expectClose(total, { shape: [2], data: [3, 3] }, {});
    step.dispose();
    expect(() => step(x)).toThrow("compile: the step was disposed. Compile it anew.");
    tf.dispose([total, x]);
  }));

test("an error of the step's own comes through, and nothing is left", () =>
  expectNoLeak(() => {
    const failing = (x: tf.Tensor) => {
      tf.add(x, tf.tensor1d([1, 2, 3]));
      throw new Error("its own");
    };
    expect(refusalOf(failing)).toBe("its own");
  }));

test("gradients through a compiled step", () =>
  expectNoLeak(() => {
    const w = variable([1]);
    const step = compile((x) => ({ y: tf.square(x) }));
    expect(() => valueAndGradients(() => ({ loss: tf.sum(step(w).y) }), { w })).toThrow(
      "compile: a compiled step was called while gradients are taken, which cannot go through it. Take the gradients inside",
    );
    step.dispose();
    w.dispose();
  }));

test("options", () => {
  expect(() => compile(() => ({}), { records: 0 })).toThrow(
    "records must be a whole number of at least 1, got 0",
  );
  expect(() => compile(() => ({}), { mode: "fast" as never })).toThrow(
    "mode must be one of graph, xla, auto, got fast",
  );
});
