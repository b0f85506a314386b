import { useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { assertShape } from "./shape.ts";

beforeAll(useCpu);

describe("fits:", () => {
  test.each([
    { shape: [2, 3], wanted: [2, 3] },
    { shape: [3], wanted: ["...", 3] },
    { shape: [1, 2, 3], wanted: ["...", 3] },
    { shape: [2, 4, 4], wanted: ["batch", "n", "n"] },
    { shape: [], wanted: [] },
  ])("$shape, wanted $wanted", ({ shape, wanted }) =>
    tf.tidy(() => assertShape("x", tf.zeros(shape), wanted)),
  );
});

describe("does not fit:", () => {
  test.each([
    { shape: [2, 3], wanted: [3, 2] },
    { shape: [], wanted: ["...", 3] },
    { shape: [2, 3, 3], wanted: ["batch", 3] },
    { shape: [2, 4, 5], wanted: ["batch", "n", "n"] },
  ])("$shape, wanted $wanted", ({ shape, wanted }) =>
    tf.tidy(() => {
      expect(() => assertShape("Linear x", tf.zeros(shape), wanted)).toThrow(
        `Linear x: wanted the shape [${wanted.join(", ")}], got [${shape.join(", ")}]`,
      );
    }),
  );
});
