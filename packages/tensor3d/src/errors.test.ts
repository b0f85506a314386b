import { expect, test } from "vitest";
import { isNuwaError, NuwaError } from "./errors.ts";

test("an error carries its code, hint and cause", () => {
  const cause = new Error("below");
  const error = new NuwaError("FILE", "where: wanted this", { hint: "do that", cause });
  expect(error).toMatchObject({ name: "NuwaError", code: "FILE", hint: "do that", cause });
  expect(error).toBeInstanceOf(Error);
  expect(String(error)).toBe("NuwaError: where: wanted this");
});

test("the brand is recognised across copies of the package, the name alone is not", () => {
  const foreign = Object.assign(new Error("x"), { [Symbol.for("nuwa.error")]: true });
  expect(isNuwaError(new NuwaError("INPUT", "x"))).toBe(true);
  expect(isNuwaError(foreign)).toBe(true);
  expect(isNuwaError(Object.assign(new Error("x"), { name: "NuwaError" }))).toBe(false);
  expect(isNuwaError(undefined)).toBe(false);
});
