import { checkpoint, gelu, Linear, namedParams, Rng, randomNormal, valueAndGradients } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "../node/index.ts";
import { compile } from "./compile.ts";
import { planOf } from "./plan.ts";
import { record } from "./record.ts";

const BLOCKS = 3;

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

/** Blocks of two products, each a checkpoint, and what a step needs of them. @param nested one more checkpoint around all */
function createBlocks(nested = false) {
  const rng = new Rng(1);
  const layers = Array.from({ length: BLOCKS }, (_, index) => ({
    expand: new Linear({ inFeatures: 4, outFeatures: 16 }, rng.fork("expand", index)),
    contract: new Linear({ inFeatures: 16, outFeatures: 4 }, rng.fork("contract", index)),
  }));
  const params = namedParams(layers);
  const step = (x: tf.Tensor) => {
    const stack = ([first]: tf.Tensor[]) => {
      let y = first;
      for (const layer of layers) {
        const block = ([z]: tf.Tensor[]) =>
          tf.add(z, layer.contract.apply(gelu(layer.expand.apply(z)) as tf.Tensor));
        y = checkpoint(block, [y], { params: namedParams(layer) });
      }
      return y;
    };
    const loss = () => {
      const y = nested ? checkpoint(stack, [x], { params }) : stack([x]);
      return { loss: tf.mean(tf.square(y)) };
    };
    const { value, gradients } = valueAndGradients(loss, params);
    for (const [key, gradient] of Object.entries(gradients)) {
      params[key].assign(tf.sub(params[key], tf.mul(gradient, 0.05)));
    }
    return { loss: value.loss };
  };
  return { params, step };
}

/** How many products multiply the same values as another one. */
function repeatedProducts(operations: readonly { name: string; inputs: readonly number[] }[]): number {
  const products = operations.filter(({ name }) => /MatMul/.test(name)).map(({ inputs }) => inputs.join());
  return products.length - new Set(products).size;
}

test("no function holds what a checkpoint computes twice: TensorFlow would compute it once and keep it", () =>
  expectNoLeak(() => {
    const { params, step } = createBlocks();
    const x = randomNormal([5, 4], new Rng(2));
    const { recording, results } = record(backend, step, [x]);
    const functions = planOf(recording).flatMap((segment) => ("call" in segment ? [] : [segment.operations]));
    expect(functions).toHaveLength(1 + BLOCKS); // a checkpoint's backward pass begins one
    expect(functions.map(repeatedProducts)).toEqual(functions.map(() => 0));
    expect(repeatedProducts(functions.flat())).toBe(BLOCKS); // of two in a block, the second is for the result only
    for (const { id } of recording.constants.values()) backend.binding.deleteTensor(id);
    tf.dispose([results, x, params]);
  }));

test.each([
  ["in a row", false, { graph: 1 + BLOCKS }, BLOCKS],
  ["in one around all", true, { graph: 2 + BLOCKS }, 1 + BLOCKS],
])("checkpoints %s learn compiled as they are", (_, nested, functions, outsideCalls) =>
  expectNoLeak(async () => {
    const [plain, own] = [createBlocks(nested), createBlocks(nested)];
    const fast = compile(own.step);
    for (let call = 0; call < 20; call++) {
      const x = randomNormal([5, 4], new Rng(2).fork(call));
      const expected = tf.tidy(() => plain.step(x));
      const actual = fast(x);
      await expectClose(actual.loss, expected.loss, { rtol: 1e-5 });
      tf.dispose([x, expected, actual]);
    }
    expect(fast.records).toMatchObject([{ program: { functions, outsideCalls } }]);
    fast.dispose();
    tf.dispose([plain.params, own.params]);
  }),
);
