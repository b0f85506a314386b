import {
  AdamW,
  autocast,
  checkpoint,
  decodeSafetensors,
  encodeSafetensors,
  gelu,
  hasBfloat16,
  Linear,
  matrixProduct,
  namedParams,
  Rng,
  randomNormal,
  valueAndGradients,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadNodeBackend, registerNode } from "./index.ts";

beforeAll(async () => {
  await registerNode();
});

/** Numbers rounded to bfloat16, as files of that type hold them. */
async function rounded(x: tf.Tensor): Promise<tf.Tensor2D> {
  const bytes = await encodeSafetensors({ x }, {}, { dtype: "BF16" });
  return tf.tensor2d(decodeSafetensors(bytes).tensors.x.data as Float32Array, x.shape as [number, number]);
}

test("by hand: factors and results are rounded to eight bits", () =>
  expectNoLeak(async () => {
    expect(hasBfloat16()).toBe(true);
    const x = tf.tensor2d([[1 + 2 ** -9, 1]]); // halfway to the next number: to even, 1
    const weight = tf.tensor2d([[256], [1]]);
    const y = autocast("bfloat16", () => matrixProduct(x, weight));
    await expectClose(y, { shape: [1, 1], data: [256] }, {}); // 257, to even
    tf.dispose([x, weight, y]);
  }));

test("a product and both gradients are those of rounded factors", () =>
  expectNoLeak(async () => {
    const [m, k, n] = [9, 20, 12];
    const names = { x: [m, k], w: [k, n], dy: [m, n] } as const;
    const drawn = Object.entries(names).map(
      ([name, shape]) => randomNormal(shape, new Rng(4).fork(name)) as tf.Tensor2D,
    );
    const [x, w, dy] = drawn;
    const [fewX, fewW, fewDy] = await Promise.all(drawn.map(rounded));
    const { value, gradients } = valueAndGradients(
      () => {
        const y = autocast("bfloat16", () => matrixProduct(x, w));
        return { loss: tf.sum(tf.mul(y, dy)), y };
      },
      { x, w },
    );
    const expected = [
      tf.matMul(fewX, fewW),
      tf.matMul(fewDy, fewW, false, true),
      tf.matMul(fewX, fewDy, true, false),
    ];
    const rtol = 2 ** -8; // the result's own rounding
    for (const [index, actual] of [value.y, gradients.x, gradients.w].entries()) {
      await expectClose(actual, expected[index], { rtol, atol: 1e-6 });
    }
    tf.dispose([drawn, fewX, fewW, fewDy, value.loss, value.y, gradients, expected]);
  }));

test("no row at all, and a vector's worth of rows", () =>
  expectNoLeak(() => {
    const w = tf.ones([3, 2]) as tf.Tensor2D;
    const none = tf.zeros([0, 3]) as tf.Tensor2D;
    const y = autocast("bfloat16", () => matrixProduct(none, w));
    expect(y.shape).toEqual([0, 2]);
    tf.dispose([w, none, y]);
  }));

test("nothing is left in the library", async () => {
  const backend = await loadNodeBackend();
  const layer = new Linear({ inFeatures: 4, outFeatures: 3 }, new Rng(1));
  const x = randomNormal([5, 4], new Rng(2));
  const step = () => {
    const loss = () => ({ loss: autocast("bfloat16", () => tf.sum(tf.square(layer.apply(x)))) });
    const { value, gradients } = valueAndGradients(loss, namedParams(layer));
    tf.dispose([value.loss, gradients]);
  };
  step(); // constants are kept
  const before = backend.tensorCount();
  step();
  expect(backend.tensorCount()).toBe(before);
  x.dispose();
  layer.dispose();
});

interface Network {
  readonly expand: Linear;
  readonly contract: Linear;
}

function createNetwork(): Network {
  const rng = new Rng(1);
  return {
    expand: new Linear({ inFeatures: 16, outFeatures: 64 }, rng.fork("expand")),
    contract: new Linear({ inFeatures: 64, outFeatures: 4 }, rng.fork("contract")),
  };
}

const network = ({ expand, contract }: Network, x: tf.Tensor) => contract.apply(gelu(expand.apply(x)));

test("a checkpoint runs again in the precision that it first ran in", () =>
  expectNoLeak(async () => {
    const layers = createNetwork();
    const params = namedParams(layers);
    const x = randomNormal([32, 16], new Rng(2));
    const gradientsBy = (apply: () => tf.Tensor) =>
      valueAndGradients(() => ({ loss: tf.sum(tf.sin(autocast("bfloat16", apply))) }), params);
    const plain = gradientsBy(() => network(layers, x));
    const again = gradientsBy(() => checkpoint(([y]) => network(layers, y), [x], { params }));
    for (const [key, gradient] of Object.entries(again.gradients)) {
      await expectClose(gradient, plain.gradients[key], {});
    }
    for (const { value, gradients } of [plain, again]) tf.dispose([value.loss, gradients]);
    tf.dispose([x, params]);
  }));

test("the loss falls as in float32", () =>
  expectNoLeak(async () => {
    const x = randomNormal([64, 16], new Rng(2));
    const target = tf.tidy(() => tf.sin(tf.slice(x, [0, 0], [64, 4])));
    const losses: number[][] = [];
    for (const precision of ["float32", "bfloat16"] as const) {
      const layers = createNetwork();
      const params = namedParams(layers);
      const optimizer = new AdamW(params);
      const own: number[] = [];
      for (let step = 0; step < 60; step++) {
        const { value, gradients } = valueAndGradients(() => {
          const y = autocast(precision, () => network(layers, x));
          return { loss: tf.mean(tf.squaredDifference(y, target)) };
        }, params);
        const norm = optimizer.step(gradients, 0.01);
        own.push((await value.loss.data())[0]);
        tf.dispose([value.loss, gradients, norm]);
      }
      losses.push(own);
      optimizer.dispose();
      tf.dispose(params);
    }
    const [single, brief] = losses;
    expect(single.at(-1)).toBeLessThan(single[0] / 20);
    for (const [step, loss] of brief.entries()) {
      expect(Math.abs(loss - single[step])).toBeLessThan(0.02 * single[step] + 0.002);
    }
    tf.dispose([x, target]);
  }));
