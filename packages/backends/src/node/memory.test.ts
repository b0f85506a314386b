import koffi from "koffi";
import { expect, test } from "vitest";
import { CStrings } from "./memory.ts";

const read = (address: number): string => koffi.decode(BigInt(address), "char", -1);

test("a text has one copy, until it is forgotten", () => {
  const strings = new CStrings();
  const address = strings.of("nuwa_step_0");
  expect(read(address)).toBe("nuwa_step_0");
  expect(strings.of("nuwa_step_0")).toBe(address);
  expect(strings.of("MatMul")).not.toBe(address);
  strings.forget("nuwa_step_0");
  strings.forget("nuwa_step_0"); // already gone
  const others = Array.from({ length: 100 }, (_, index) => strings.of(`nuwa_step_${index}`));
  expect(others.map(read)).toEqual(others.map((_, index) => `nuwa_step_${index}`));
  expect(read(strings.of("MatMul"))).toBe("MatMul");
});
