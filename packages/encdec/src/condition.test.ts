import { imageGrid, videoGrid } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { type Condition, groupConditions } from "./condition.ts";
import { parseConfig } from "./config.ts";
import { tinyConfig } from "./fixtures/tiny.ts";

const config = parseConfig(tinyConfig);
const textOf = (...tokens: number[]): Condition => ({ kind: "text", tokens: Int32Array.from(tokens) });

test("texts are padded, and None is a text of its own token", () => {
  const [{ tokens, layout }] = groupConditions([textOf(1, 4), { kind: "none" }, textOf(0, 1, 2)], config);
  expect(layout.count).toBe(3);
  expect([...tokens]).toEqual([1, 4, 5, 6, 6, 6, 0, 1, 2]);
});

test.each<[Condition, string]>([
  [textOf(0, 1, 2, 3), "condition 0: a text has at most 3 tokens, got 4"],
  [textOf(), 'condition 0: a text has at least one token, got none. Use { kind: "none" }'],
  [textOf(0, 5), "condition 0: a text's tokens lie in [0, 5), got 5 at 1"],
  [{ kind: "sketch", grid: videoGrid(4, 3, 1), codes: new Int32Array(12) }, "at most 3x3x3, got 4x3x1"],
  [{ kind: "sketch", grid: imageGrid(2, 2), codes: new Int32Array(3) }, "of 2x2x1 has 4 codes, got 3"],
  [
    { kind: "sketch", grid: imageGrid(1, 2), codes: Int32Array.from([0, 4]) },
    "codes lie in [0, 4), got 4 at 1",
  ],
  [
    { kind: "image", grid: imageGrid(1, 2), codes: new Int32Array(2) },
    "an image needs a model with visualConditions",
  ],
  [
    { kind: "video", grid: imageGrid(1, 2), codes: new Int32Array(2) },
    "a video needs a model with visualConditions",
  ],
  [{ kind: "sound" } as unknown as Condition, 'kind must be none, text, sketch, image or video, got "sound"'],
])("%o is refused", (condition, message) => {
  expect(() => groupConditions([condition], config)).toThrow(message);
});

test("sketches need a table, and a batch a condition", () => {
  const { sketchCodebookSize: _, ...rest } = tinyConfig;
  const sketch: Condition = { kind: "sketch", grid: imageGrid(1, 1), codes: new Int32Array(1) };
  expect(() => groupConditions([sketch], parseConfig(rest))).toThrow("needs a model with sketchCodebookSize");
  expect(() => groupConditions([], config)).toThrow("at least one condition");
});

describe("images and videos", () => {
  const visual = parseConfig({ ...tinyConfig, visualConditions: true });
  const frame = Int32Array.of(0, 6);

  test("are neighbours where their grids are equal, and apart from sketches", () => {
    const grid = imageGrid(1, 2);
    const groups = groupConditions(
      [
        { kind: "image", grid, codes: frame },
        { kind: "video", grid, codes: frame },
        { kind: "video", grid: videoGrid(1, 1, 2), codes: frame },
        { kind: "sketch", grid: videoGrid(1, 1, 2), codes: Int32Array.of(1, 2) },
      ],
      visual,
    );
    expect(groups.map(({ layout: { family, count }, tokens }) => [family, count, ...tokens])).toEqual([
      ["visual", 2, 0, 6, 0, 6],
      ["visual", 1, 0, 6],
      ["sketch", 1, 1, 2],
    ]);
  });

  test.each<[Condition, string]>([
    [
      { kind: "image", grid: videoGrid(1, 1, 2), codes: frame },
      'an image has one frame, got 2. Use kind "video"',
    ],
    [
      { kind: "image", grid: imageGrid(1, 2), codes: Int32Array.of(0, 7) },
      "an image's codes lie in [0, 7), got 7 at 1",
    ],
    [
      { kind: "video", grid: videoGrid(3, 3, 4), codes: new Int32Array(36) },
      "a video may be at most 3x3x3, got 3x3x4",
    ],
  ])("%o is refused", (condition, message) => {
    expect(() => groupConditions([condition], visual)).toThrow(message);
  });
});
