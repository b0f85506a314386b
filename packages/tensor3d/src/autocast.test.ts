import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { autocast, hasBfloat16, productPrecision } from "./autocast.ts";
import { matrixProduct } from "./matrix-product.ts";

beforeAll(useCpu);

test("the innermost counts, and each ends with its function, also by an error", () => {
  expect(productPrecision()).toBe("float32");
  autocast("bfloat16", () => {
    expect(productPrecision()).toBe("bfloat16");
    expect(autocast("float32", productPrecision)).toBe("float32");
    expect(productPrecision()).toBe("bfloat16");
    const failing = () =>
      autocast("float32", () => {
        throw new Error("inside");
      });
    expect(failing).toThrow("inside");
    expect(productPrecision()).toBe("bfloat16");
  });
  expect(productPrecision()).toBe("float32");
});

test("a promise is refused", () => {
  expect(() => autocast("bfloat16", () => Promise.resolve(1))).toThrow("returns a promise");
  expect(productPrecision()).toBe("float32");
});

test("a backend without bfloat16 multiplies in float32", () =>
  expectNoLeak(async () => {
    expect(hasBfloat16()).toBe(false);
    const x = tf.tensor2d([[1.001, 2]]);
    const weight = tf.tensor2d([[3], [4.001]]);
    const y = autocast("bfloat16", () => matrixProduct(x, weight));
    await expectClose(y, { shape: [1, 1], data: [11.005] }, { rtol: 1e-6 });
    tf.dispose([x, weight, y]);
  }));
