import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import {
  AdamW,
  AxialPositions,
  disposeParams,
  Embedding,
  Linear,
  namedParams,
  Rng,
  sparseCrossEntropy,
  tokenCount,
  valueAndGradients,
  videoGrid,
} from "./index.ts";

beforeAll(useCpu);

test("the README's example learns and leaves nothing behind", () =>
  expectNoLeak(async () => {
    const rng = new Rng(1);
    const grid = videoGrid(4, 4, 2);
    const model = {
      tokens: new Embedding({ count: 16, dim: 8 }, rng.fork("tokens")),
      positions: new AxialPositions({ grid, dim: 8 }, rng.fork("positions")),
      head: new Linear({ inFeatures: 8, outFeatures: 16 }, rng.fork("head")),
    };
    const params = namedParams(model);
    const optimizer = new AdamW(params, { clipNorm: 1 });
    const codes = tf.tensor1d(rng.integers(tokenCount(grid), 16), "int32");
    const losses: number[] = [];
    for (let step = 0; step < 10; step++) {
      const { value, gradients } = valueAndGradients(() => {
        const x = tf.add(model.tokens.apply(codes), model.positions.apply());
        expect(x.shape).toEqual([32, 8]);
        const logits = model.head.apply(x);
        expect(logits.shape).toEqual([32, 16]);
        return { loss: tf.mean(sparseCrossEntropy(logits, codes)) };
      }, params);
      const norm = optimizer.step(gradients, 0.05);
      losses.push((await value.loss.data())[0]);
      tf.dispose([value.loss, gradients, norm]);
    }
    expect(Object.keys(params)[1]).toBe("positions.height");
    expect(losses[0]).toBeCloseTo(Math.log(16), 1);
    expect(losses[9]).toBeLessThan(losses[0] / 2);
    optimizer.dispose();
    codes.dispose();
    disposeParams(model);
  }));
