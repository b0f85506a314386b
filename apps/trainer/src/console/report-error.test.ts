import { NuwaError } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import type { Console } from "./console.ts";
import { reportError } from "./report-error.ts";

function linesOf(error: unknown, debug = false): string[] {
  const lines: string[] = [];
  reportError(error, { error: (text: string) => lines.push(text) } as unknown as Console, debug);
  return lines;
}

test("a foreseen error is its message and its hint", () => {
  expect(linesOf(new NuwaError("FILE", "No room.", { hint: "Free some." }))).toEqual([
    "Error: No room.",
    "  Free some.",
  ]);
  expect(linesOf(new NuwaError("FILE", "No room. Free some.", { hint: "Free some." }))).toEqual([
    "Error: No room. Free some.",
  ]);
});

test("an unforeseen one is told apart, and --debug shows where and why", () => {
  expect(linesOf(new TypeError("x is not a function"))[0]).toBe("Unexpected error: x is not a function");
  const shown = linesOf(new Error("outer", { cause: new Error("inner") }), true).join("\n");
  expect(shown).toMatch(/report-error\.test.*Caused by: Error: inner/s);
  expect(linesOf("plain")).toContain("Unexpected error: plain");
});
