import { expect, test } from "vitest";
import { parseConfig } from "./config.ts";
import { tinyConfig } from "./fixtures/tiny.ts";
import { patternFromConfig } from "./pattern-config.ts";

test("defaults are filled in", () => {
  expect(parseConfig(tinyConfig)).toEqual({
    ...tinyConfig,
    feedForward: "gelu",
    visualConditions: false,
    encoderPattern: "full",
    shift: "axes",
    inputTables: "separate",
    sandwichNorm: false,
    dropout: 0,
    relativeBias: false,
    rotary: false,
    tiedHead: false,
  });
});

test.each([
  ["full", "full"],
  ["axial", "axial"],
  ["nearby", "nearby 3x3x3"],
  ["block-sparse", "block-sparse 4x4x4"],
  [{ kind: "nearby", extent: [3, 5, "all"] }, "nearby 3x5xall"],
  [{ kind: "nearby", radius: [1, 0, "all"], border: "shift" }, "nearby 3x1xall shift"],
  [{ kind: "nearby", extent: [3, 3, 1], dilation: [1, 2, 1] }, "nearby 3x3x1 dilation 1x2x1"],
  [{ kind: "block-sparse", block: [2, 2, "all"] }, "block-sparse 2x2xall"],
] as const)("%o is the pattern %s", (decoderPattern, name) => {
  expect(patternFromConfig(parseConfig({ ...tinyConfig, decoderPattern }).decoderPattern).name).toBe(name);
});

test.each([
  [{ dims: 8 }, "dims"],
  [{ dim: 0 }, "dim: "],
  [{ heads: 3 }, "heads: must divide dim, unless headDim is given"],
  [{ decoderPattern: { kind: "nearby" } }, "decoderPattern: give either extent or radius"],
  [{ decoderPattern: "near" }, "decoderPattern: "],
  [{ relativeBias: true, decoderPattern: "axial" }, "relativeBias: needs a nearby decoderPattern"],
  [
    { sketchCodebookSize: undefined, conditionGrid: { height: 1, width: 1, frames: 1 } },
    "conditionGrid: is for sketches",
  ],
  [{ rotary: true }, "rotary: needs an even headDim of at least 6"],
  [{ rotary: true, headDim: 9 }, "rotary: needs an even headDim"],
  [{ shift: "columns" }, "shift: "],
])("%o is refused by name", (change, message) => {
  expect(() => parseConfig({ ...tinyConfig, ...change })).toThrow(message);
});
