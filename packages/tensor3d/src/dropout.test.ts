import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { dropout, dropoutMask } from "./dropout.ts";
import { ensureGradients } from "./ensure-gradients.ts";
import { Rng } from "./rng.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

test("drops the wanted share, keeps the mean, and repeats with the seed", () =>
  expectNoLeak(async () => {
    const x = tf.ones([101, 99]);
    const [one, two] = [dropout(x, 0.25, new Rng(3)), dropout(x, 0.25, new Rng(3))];
    const values = await one.data();
    const kept = [...values].filter((value) => value !== 0);
    expect(kept.length / values.length).toBeCloseTo(0.75, 1);
    expect(kept.every((value) => Math.abs(value - 4 / 3) < 1e-6)).toBe(true);
    await expectClose(two, one, {});
    const gradient = tf.grad((input: tf.Tensor) => dropout(input, 0.25, new Rng(3)))(x);
    await expectClose(gradient, one, {});
    tf.dispose([x, one, two, gradient]);
  }));

test("a mask is the same at a seed, and drops as the rng that drew it would", () =>
  expectNoLeak(async () => {
    const mask = dropoutMask([3, 3], 0.25, new Rng(3));
    expect(mask.dtype).toBe("bool");
    expect([...(await mask.data())]).toEqual([1, 1, 1, 0, 1, 1, 0, 1, 1]); // an odd size: five words
    const x = tf.tensor2d([1, 2, 3, 4, 5, 6, 7, 8, 9], [3, 3]);
    const [drawn, given] = [dropout(x, 0.25, new Rng(3)), dropout(x, 0.25, mask)];
    await expectClose(given, drawn, {});
    const other = dropoutMask([3, 2], 0.25, new Rng(3));
    expect(() => dropout(x, 0.25, other)).toThrow("dropout mask: wanted the shape [3, 3]");
    tf.dispose([mask, x, drawn, given, other]);
  }));

test("rate 0 changes nothing and draws nothing; rate 1 is refused", () =>
  expectNoLeak(async () => {
    const rng = new Rng(3);
    const x = tf.tensor1d([1, 2]);
    const [y, mask] = [dropout(x, 0, rng), dropoutMask([2], 0, rng)];
    await expectClose(y, x, {});
    expect([...(await mask.data())]).toEqual([1, 1]);
    expect(rng.state().position).toBe(0);
    expect(() => dropout(x, 1, rng)).toThrow("dropout: rate must lie in [0, 1), got 1");
    tf.dispose([x, y, mask]);
  }));
