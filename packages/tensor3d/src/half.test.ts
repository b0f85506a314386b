import { expect, test } from "vitest";
import { fromBrainHalf, fromHalf, toBrainHalf, toHalf } from "./half.ts";

test("every float16 and bfloat16 survives widening and rounding", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, index) => index);
  const halves = toHalf(fromHalf(bits));
  const brain = toBrainHalf(fromBrainHalf(bits));
  for (let index = 0; index < 65536; index++) {
    const isHalfNaN = (index & 0x7c00) === 0x7c00 && (index & 0x3ff) !== 0;
    const isBrainNaN = (index & 0x7f80) === 0x7f80 && (index & 0x7f) !== 0;
    if (!isHalfNaN && halves[index] !== index) expect(halves[index]).toBe(index);
    if (!isBrainNaN && brain[index] !== index) expect(brain[index]).toBe(index);
  }
  expect(fromHalf(halves)[0x7e01]).toBeNaN();
  expect(fromBrainHalf(brain)[0xffff]).toBeNaN();
});

test.each([
  { value: 1 + 2 ** -11, half: 1, why: "a tie goes to the even one below" },
  { value: 1 + 3 * 2 ** -11, half: 1 + 2 ** -9, why: "a tie goes to the even one above" },
  { value: 65519, half: 65504, why: "the largest" },
  { value: 65520, half: Number.POSITIVE_INFINITY, why: "too large" },
  { value: 2 ** -25, half: 0, why: "a tie at the smallest" },
  { value: 1.5 * 2 ** -24, half: 2 ** -23, why: "a tie among the smallest" },
  { value: -(2 ** -14) + 2 ** -26, half: -(2 ** -14), why: "rounds up to a normal number" },
])("float16 of $value is $half: $why", ({ value, half }) => expect(fromHalf(toHalf([value]))[0]).toBe(half));

test.each([
  { value: 1 + 2 ** -8, brain: 1 },
  { value: 1 + 3 * 2 ** -8, brain: 1 + 2 ** -6 },
  { value: 3.4e38, brain: Number.POSITIVE_INFINITY },
])("bfloat16 of $value is $brain", ({ value, brain }) =>
  expect(fromBrainHalf(toBrainHalf([value]))[0]).toBe(brain),
);
