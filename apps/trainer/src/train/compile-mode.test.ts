import { expect, test } from "vitest";
import { compileMode } from "./compile-mode.ts";

test("true is graph, false no mode, and a mode itself", () => {
  expect([true, false, "graph", "xla", "auto"].map((value) => compileMode(value as boolean))).toEqual([
    "graph",
    undefined,
    "graph",
    "xla",
    "auto",
  ]);
});
