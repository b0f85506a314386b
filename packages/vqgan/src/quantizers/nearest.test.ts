import { Rng, randomNormal } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { codeSums, nearest } from "./nearest.ts";

beforeAll(useCpu);

test("the nearest code by squared distance, the lowest index on ties", () =>
  expectNoLeak(async () => {
    const codebook = tf.tensor2d([
      [0, 0],
      [2, 0],
      [0, 4],
      [2, 0],
    ]);
    // Squared distances of the second row: 1, 1, 17, 1; of the last: 4, 0, 20, 0.
    const latents = tf.tensor2d([
      [0, 0.9],
      [1, 0],
      [0.5, 3],
      [2, 0],
    ]);
    const codes = nearest(latents, codebook);
    expect(codes.dtype).toBe("int32");
    expect([...(await codes.data())]).toEqual([0, 0, 2, 1]);
    tf.dispose([codebook, latents, codes]);
  }));

test("many rows are done in chunks, with the same result", () =>
  expectNoLeak(async () => {
    const rng = new Rng(1);
    const codebook = randomNormal([5, 3], rng) as tf.Tensor2D;
    const rows = randomNormal([7, 3], rng) as tf.Tensor2D;
    const codes = nearest(rows, codebook);
    const chunked = nearest(rows, codebook, 10); // two rows at once
    await expectClose(chunked, codes, {});
    const whole = codeSums(rows, codes, 5);
    const parts = codeSums(rows, codes, 5, 1); // one row at once
    await expectClose(parts.counts, whole.counts, {});
    await expectClose(parts.sums, whole.sums, { atol: 1e-6 });
    tf.dispose([codebook, rows, codes, chunked, whole, parts]);
  }));

test("counts and sums of each code", () =>
  expectNoLeak(async () => {
    const latents = tf.tensor2d([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const codes = tf.tensor1d([2, 0, 2], "int32");
    const { counts, sums } = codeSums(latents, codes, 4);
    await expectClose(counts, { shape: [4], data: [1, 0, 2, 0] }, {});
    await expectClose(sums, { shape: [4, 2], data: [3, 4, 0, 0, 6, 8, 0, 0] }, {});
    tf.dispose([latents, codes, counts, sums]);
  }));
