import { expect, test } from "vitest";
import { prefixed, under } from "./prefix.ts";

test("names get a prefix and lose it again; others are left out", () => {
  const all = {
    ...prefixed({ weight: 1, "norm.gain": 2 }, "model."),
    ...prefixed({ step: 3 }, "optimizer."),
  };
  expect(all).toEqual({ "model.weight": 1, "model.norm.gain": 2, "optimizer.step": 3 });
  expect(under(all, "model.")).toEqual({ weight: 1, "norm.gain": 2 });
  expect(under(all, "none.")).toEqual({});
});
