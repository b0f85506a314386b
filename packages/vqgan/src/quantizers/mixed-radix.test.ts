import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { codeCountOf, codesOfDigits, digitsOfCodes } from "./mixed-radix.ts";

beforeAll(useCpu);

test("the first digit counts 1, each later one the product of the levels before it", () =>
  expectNoLeak(async () => {
    const digits = tf.tensor2d([
      [2, 1, 3],
      [0, 0, 0],
      [1, 0, 2],
    ]);
    const codes = codesOfDigits(digits, [3, 2, 4]); // 2 + 1·3 + 3·6, 0, 1 + 2·6
    expect(codes.dtype).toBe("int32");
    await expectClose(codes, { shape: [3], data: [23, 0, 13] }, {});
    const back = digitsOfCodes(codes, [3, 2, 4]);
    await expectClose(back, digits, {});
    tf.dispose([digits, codes, back]);
  }));

test.each([[[3, 2, 4]], [[8, 5, 5, 5]], [[7]]])("every code of %j goes to digits and back", (levels) =>
  expectNoLeak(async () => {
    const count = codeCountOf("test", levels);
    const codes = tf.range(0, count, 1, "int32");
    const back = tf.tidy(() => codesOfDigits(digitsOfCodes(codes, levels), levels));
    await expectClose(back, codes, {});
    tf.dispose([codes, back]);
  }),
);

test("the largest code of the largest codebook is exact", () =>
  expectNoLeak(async () => {
    const levels = new Array<number>(24).fill(2);
    const codes = tf.tensor1d([2 ** 24 - 1, 2 ** 23, 2 ** 24 - 2], "int32");
    const digits = digitsOfCodes(codes, levels);
    expect([...(await digits.data())].slice(0, 24)).toEqual(new Array(24).fill(1));
    const back = codesOfDigits(digits, levels);
    await expectClose(back, codes, {});
    tf.dispose([codes, digits, back]);
  }));

test("bad levels are refused", () => {
  expect(() => codeCountOf("here", [8, 1])).toThrow(
    "here: wanted at least one level, each a whole number from 2 on, got [8, 1]",
  );
  expect(() => codeCountOf("here", [2.5])).toThrow("got [2.5]");
  expect(() => codeCountOf("here", [])).toThrow("got []");
  expect(() => codeCountOf("here", new Array(25).fill(2))).toThrow(
    "here: wanted at most 2^24 codes, got 33554432, the product of 25 levels",
  );
});
