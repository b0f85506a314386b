import { imageGrid, videoGrid } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { type Condition, groupConditions } from "./condition.ts";
import { parseConfig } from "./config.ts";
import { tinyConfig } from "./fixtures/tiny.ts";

const config = parseConfig(tinyConfig);
const textOf = (...tokens: number[]): Condition => ({ kind: "text", tokens: Int32Array.from(tokens) });

test("texts are padded, and None is a text of its own token", () => {
  const [{ tokens, count }] = groupConditions([textOf(1, 4), { kind: "none" }, textOf(0, 1, 2)], config);
  expect(count).toBe(3);
  expect([...tokens]).toEqual([1, 4, 5, 6, 6, 6, 0, 1, 2]);
});

test.each<[Condition, string]>([
  [textOf(0, 1, 2, 3), "condition 0: a text has at most 3 tokens, got 4"],
  [textOf(0, 5), "condition 0: a text's tokens lie in [0, 5), got 5 at 1"],
  [{ kind: "sketch", grid: videoGrid(4, 3, 1), codes: new Int32Array(12) }, "at most 3x3x3, got 4x3x1"],
  [{ kind: "sketch", grid: imageGrid(2, 2), codes: new Int32Array(3) }, "of 2x2x1 has 4 codes, got 3"],
  [
    { kind: "sketch", grid: imageGrid(1, 2), codes: Int32Array.from([0, 4]) },
    "codes lie in [0, 4), got 4 at 1",
  ],
  [{ kind: "image" } as unknown as Condition, 'kind must be none, text or sketch, got "image"'],
])("%o is refused", (condition, message) => {
  expect(() => groupConditions([condition], config)).toThrow(message);
});

test("sketches need a table, and a batch a condition", () => {
  const { sketchCodebookSize: _, ...rest } = tinyConfig;
  const sketch: Condition = { kind: "sketch", grid: imageGrid(1, 1), codes: new Int32Array(1) };
  expect(() => groupConditions([sketch], parseConfig(rest))).toThrow("needs a model with sketchCodebookSize");
  expect(() => groupConditions([], config)).toThrow("at least one condition");
});
