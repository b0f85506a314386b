import { imageGrid, Rng, randomNormal, textGrid, tokenCount, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { rotaryTable, rotate } from "./rotary.ts";

beforeAll(useCpu);

test("each axis turns its own pair, by hand", () =>
  expectNoLeak(async () => {
    // Tokens (row, column, frame): 000 010 100 110 001 011 101 111; pairs (0, 3), (1, 4), (2, 5).
    const table = rotaryTable(videoGrid(2, 2, 2), 6);
    const x = tf.tidy(() => tf.tile(tf.tensor3d([[[1, 1, 1, 0, 0, 0]]]), [1, 8, 2])); // two heads
    const y = rotate(x, table);
    const head = (row: number, column: number, frame: number) =>
      [Math.cos, Math.sin].flatMap((f) => [f(row), f(column), f(frame)]);
    const twice = (values: number[]) => [...values, ...values];
    await expectClose(
      y,
      {
        shape: [1, 8, 12],
        data: [0, 1].flatMap((k) => [0, 1].flatMap((i) => [0, 1].flatMap((j) => twice(head(i, j, k))))),
      },
      { atol: 1e-6 },
    );
    tf.dispose([x, y, { ...table }]);
  }));

test("the frequencies of an axis: 1, then smaller, and the frames have the pairs that are left", () =>
  expectNoLeak(async () => {
    const table = rotaryTable(textGrid(2), 16); // 8 pairs: 2, 2 and 4
    const angles = [0, 0, 0, 0, 1, 0.1, 0.01, 0.001];
    const cos = tf.slice(table.cos, [1, 0], [1, 16]);
    const sin = tf.slice(table.sin, [1, 0], [1, 16]);
    const both = angles.map(Math.cos);
    await expectClose(cos, { shape: [1, 16], data: [...both, ...both] }, { atol: 1e-6 });
    const sines = angles.map(Math.sin);
    await expectClose(sin, { shape: [1, 16], data: [...sines.map((x) => -x), ...sines] }, { atol: 1e-6 });
    tf.dispose([cos, sin, { ...table }]);
  }));

test("products depend on offsets only, and lengths stay", () =>
  expectNoLeak(() => {
    const grid = videoGrid(3, 4, 3);
    const table = rotaryTable(grid, 12);
    const products = tf.tidy(() => {
      const same = (seed: number) =>
        rotate(
          tf.tile(randomNormal([1, 1, 12], new Rng(seed)) as tf.Tensor3D, [1, tokenCount(grid), 1]),
          table,
        );
      return tf.matMul(tf.squeeze(same(1), [0]), tf.squeeze(same(2), [0]), false, true).arraySync();
    }) as number[][];
    const token = (row: number, column: number, frame: number) => (frame * 3 + row) * 4 + column;
    expect(products[token(0, 1, 1)][token(1, 0, 0)]).toBeCloseTo(products[token(1, 3, 2)][token(2, 2, 1)], 4);
    expect(products[0][0]).toBeCloseTo(products[35][35], 4);
    expect(Math.abs(products[0][1] - products[0][0])).toBeGreaterThan(1e-3);
    tf.dispose({ ...table });
  }));

test("the gradient is the adjoint: <rotate(x), dy> = <x, dx>", () =>
  expectNoLeak(() => {
    const table = rotaryTable(imageGrid(2, 3), 8);
    const [x, dy] = [1, 2].map((seed) => randomNormal([2, 6, 16], new Rng(seed)) as tf.Tensor3D);
    const [left, right] = tf.tidy(() => {
      const dx = tf.grad((value: tf.Tensor) => rotate(value as tf.Tensor3D, table))(x, dy);
      return [tf.sum(tf.mul(rotate(x, table), dy)).dataSync()[0], tf.sum(tf.mul(x, dx)).dataSync()[0]];
    });
    expect(left).toBeCloseTo(right, 4);
    tf.dispose([x, dy, { ...table }]);
  }));

test("heads that have no pair for each axis are refused", () => {
  expect(() => rotaryTable(textGrid(2), 4)).toThrow("headDim must be even and at least 6, got 4");
  expect(() => rotaryTable(textGrid(2), 7)).toThrow("got 7");
});
