import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { gelu } from "./activation.ts";
import { dropout } from "./dropout.ts";
import { type ValueAndGradients, valueAndGradients } from "./gradient.ts";
import { checkpoint } from "./gradient-checkpoint.ts";
import { Linear } from "./linear.ts";
import { disposeParams, namedParams } from "./params.ts";
import { Rng, randomNormal } from "./rng.ts";

beforeAll(useCpu);

const variable = (values: tf.TensorLike) => tf.tidy(() => tf.variable(tf.tensor(values)));

test("by hand: the value, and the gradients of an input and a param", () =>
  expectNoLeak(async () => {
    const x = variable([1, 2]);
    const w = variable([3, 4]);
    const product = () => checkpoint(([y]) => tf.mul(tf.square(y), w), [tf.mul(x, 2)], { params: { w } });
    const { value, gradients } = valueAndGradients(() => ({ loss: tf.sum(tf.mul(product(), [1, 10])) }), {
      x,
      w,
    });
    await expectClose(value.loss, { shape: [], data: [652] }, {}); // 4 x² w = [12, 64]
    await expectClose(gradients.x, { shape: [2], data: [24, 640] }, {}); // 8 x w, times 1 and 10
    await expectClose(gradients.w, { shape: [2], data: [4, 160] }, {}); // 4 x²
    tf.dispose([value.loss, gradients, x, w]);
  }));

test("outside of a gradient it only runs the function, once", () =>
  expectNoLeak(async () => {
    const x = tf.tensor1d([2]);
    let runs = 0;
    const y = checkpoint(
      ([z]) => {
        runs++;
        return tf.square(z);
      },
      [x],
    );
    await expectClose(y, { shape: [1], data: [4] }, {});
    expect(runs).toBe(1);
    tf.dispose([x, y]);
  }));

/** Blocks of two products and a dropout; `wrap` runs each. */
type Wrap = (
  block: (x: tf.Tensor, rng: Rng) => tf.Tensor,
  x: tf.Tensor,
  layer: object,
  rng: Rng,
) => tf.Tensor;
const plain: Wrap = (block, x, _layer, rng) => block(x, rng);
const checkpointed: Wrap = (block, x, layer, rng) =>
  checkpoint(([y], own) => block(y, own!), [x], { params: namedParams(layer), rng });
const nested: Wrap = (block, x, layer, rng) =>
  checkpoint(([y], own) => checkpointed(block, y, layer, own!), [x], { params: namedParams(layer), rng });

interface Stack {
  readonly layers: { expand: Linear; contract: Linear }[];
  readonly x: tf.Variable;
}

function createStack(depth: number, rows: number): Stack {
  const rng = new Rng(1);
  const layers = Array.from({ length: depth }, (_, index) => ({
    expand: new Linear({ inFeatures: 4, outFeatures: 16 }, rng.fork("expand", index)),
    contract: new Linear({ inFeatures: 16, outFeatures: 4 }, rng.fork("contract", index)),
  }));
  return { layers, x: tf.tidy(() => tf.variable(randomNormal([rows, 4], rng.fork("x")))) };
}

function train({ layers, x }: Stack, wrap: Wrap): ValueAndGradients<{ loss: tf.Tensor; y: tf.Tensor }> {
  const rng = new Rng(2);
  return valueAndGradients(
    () => {
      let y: tf.Tensor = x;
      for (const layer of layers) {
        const block = (z: tf.Tensor, own: Rng) =>
          tf.add(z, dropout(layer.contract.apply(gelu(layer.expand.apply(z))), 0.3, own));
        y = wrap(block, y, layer, rng);
      }
      return { loss: tf.sum(tf.sin(y)), y };
    },
    { x, ...namedParams(layers) },
  );
}

test.each([
  ["in a row", checkpointed],
  ["within each other", nested],
])("checkpoints %s change neither values nor gradients, dropout included", (_, wrap) =>
  expectNoLeak(async () => {
    const stack = createStack(3, 5);
    const expected = train(stack, plain);
    const actual = train(stack, wrap);
    await expectClose(actual.value.y, expected.value.y, {});
    for (const [key, gradient] of Object.entries(actual.gradients)) {
      await expectClose(gradient, expected.gradients[key], { atol: 1e-6, rtol: 1e-6 });
    }
    tf.dispose(
      [expected.value, expected.gradients, actual.value, actual.gradients, stack.x].flatMap(tensorsOf),
    );
    disposeParams(stack.layers);
  }),
);

const tensorsOf = (container: object): tf.Tensor[] =>
  container instanceof tf.Tensor ? [container] : Object.values(container);

test("the most bytes alive in a step no longer grow with the activations of every block", async () => {
  const peakOf = async (depth: number, wrap: Wrap): Promise<number> => {
    const stack = createStack(depth, 2000);
    const before = tf.memory().numBytes;
    const { peakBytes } = await tf.profile(() => {
      const { value, gradients } = train(stack, wrap);
      tf.dispose([value.loss, value.y, gradients]);
    });
    tf.dispose(stack.x);
    disposeParams(stack.layers);
    return peakBytes - before;
  };
  const activation = 2000 * 4 * 4; // bytes of one `[rows, 4]`
  const [few, many] = [await peakOf(2, checkpointed), await peakOf(6, checkpointed)];
  // A block more: its input, the gradient to it, and the masks of both runs at most.
  expect(many - few).toBeLessThan(4 * 4 * activation);
  // Without, a block keeps at least three tensors of four times the width.
  const [fewPlain, manyPlain] = [await peakOf(2, plain), await peakOf(6, plain)];
  expect(manyPlain - fewPlain).toBeGreaterThan(4 * 3 * 4 * activation);
  expect(many).toBeLessThan(manyPlain / 2);
});

test("what the function does not use gets zeros", () =>
  expectNoLeak(async () => {
    const [x, idle, w] = [variable([1]), variable([5]), variable([2])];
    const { value, gradients } = valueAndGradients(
      () => ({ loss: tf.sum(checkpoint(([y]) => tf.square(y), [x, idle], { params: { w } })) }),
      { x, idle, w },
    );
    await expectClose(gradients.x, { shape: [1], data: [2] }, {});
    await expectClose(gradients.idle, { shape: [1], data: [0] }, {});
    await expectClose(gradients.w, { shape: [1], data: [0] }, {});
    tf.dispose([value.loss, gradients, x, idle, w]);
  }));

test("an input that is no float32 goes along, in both runs, without a gradient", () =>
  expectNoLeak(async () => {
    const x = variable([1, 2, 3]);
    const mask = tf.tensor1d([1, 0, 1], "bool");
    const { value, gradients } = valueAndGradients(
      () =>
        tf.tidy(() => {
          const own = tf.clone(mask); // gone before the backward pass
          const y = checkpoint(([kept, z]) => dropout(tf.square(z), 0.5, kept), [own, x]);
          return { loss: tf.sum(y) };
        }),
      { x },
    );
    await expectClose(value.loss, { shape: [], data: [20] }, {}); // 2 (1² + 3²)
    await expectClose(gradients.x, { shape: [3], data: [4, 0, 12] }, {}); // 2 · 2 x
    tf.dispose([x, mask, value.loss, gradients]);
  }));

test("integers alone and nothing at all are refused, and an error of the second run leaves nothing behind", () =>
  expectNoLeak(() => {
    const codes = tf.tensor1d([1], "int32");
    expect(() => checkpoint(([x]) => x, [codes])).toThrow("wanted float32 inputs or params");
    expect(() => checkpoint(() => tf.scalar(1), [])).toThrow("wanted float32 inputs or params");
    const w = variable([1, 2]);
    let runs = 0;
    const f = (y: tf.Tensor) => {
      if (++runs === 2) throw new Error("second run");
      return tf.sum(tf.square(tf.square(y)));
    };
    expect(() =>
      valueAndGradients(() => ({ loss: checkpoint(([y]) => f(y), [tf.square(w)]) }), { w }),
    ).toThrow("second run");
    tf.dispose([codes, w]);
  }));
