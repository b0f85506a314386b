import { describe, expect, test } from "vitest";
import { checkMovingOpenMojiConfig } from "./config.ts";
import { imagePositions, type MotionName, motionPath, motionStarts, motions } from "./motion.ts";

const names = Object.keys(motions) as MotionName[];
const geometry = checkMovingOpenMojiConfig({
  size: 64,
  spriteSize: 40,
  frames: 7,
  pixelsPerFrame: 4,
  align: 8,
});
const centred = { ...geometry, placement: "centre" as const };

describe("imagePositions", () => {
  test("are the multiples of align that keep the sprite in the frame, row by row", () => {
    const positions = imagePositions(geometry);
    expect(positions).toHaveLength(16);
    expect(positions.slice(0, 5)).toEqual([
      { row: 0, column: 0 },
      { row: 0, column: 8 },
      { row: 0, column: 16 },
      { row: 0, column: 24 },
      { row: 8, column: 0 },
    ]);
  });

  test("are the middle one alone where the placement is centred", () => {
    expect(imagePositions(centred)).toEqual([{ row: 8, column: 8 }]);
  });
});

describe("motionStarts", () => {
  test("moving right starts at the left edge, in any aligned row", () => {
    expect(motionStarts("right", geometry)).toEqual([0, 8, 16, 24].map((row) => ({ row, column: 0 })));
  });

  test("moving up left starts in the lower right corner", () => {
    expect(motionStarts("up-left", geometry)).toEqual([{ row: 24, column: 24 }]);
  });

  test("placement centre leaves one start", () => {
    expect(motionStarts("right", centred)).toEqual([{ row: 8, column: 0 }]);
    expect(motionStarts("grow", centred)).toEqual([{ row: 8, column: 8 }]);
  });

  test("an unaligned far side serves where the last aligned offset is too near", () => {
    const wide = checkMovingOpenMojiConfig({
      spriteSize: 36,
      frames: 8,
      pixelsPerFrame: 4,
      placement: "centre",
    });
    expect(motionStarts("left", wide)).toEqual([{ row: 16, column: 28 }]);
  });
});

describe("motionPath", () => {
  test.each(names)("%s stays within the frame from every start", (name) => {
    for (const start of motionStarts(name, geometry)) {
      for (const { row, column, scale } of motionPath(name, start, geometry)) {
        for (const offset of [row, column]) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(offset).toBeLessThanOrEqual(24);
        }
        expect(scale).toBeLessThanOrEqual(1);
      }
    }
  });

  test("moves pixelsPerFrame along each axis of its direction", () => {
    const path = motionPath("down-left", { row: 0, column: 24 }, geometry);
    expect(path.map(({ row }) => row)).toEqual([0, 4, 8, 12, 16, 20, 24]);
    expect(path.map(({ column }) => column)).toEqual([24, 20, 16, 12, 8, 4, 0]);
  });

  test("a bounce goes up and comes down within the clip", () => {
    const path = motionPath("bounce", { row: 24, column: 8 }, geometry);
    expect(path.map(({ row }) => row)).toEqual([24, 20, 16, 12, 16, 20, 24]);
  });

  test("growing ends at full size, shrinking starts there, a spin is one turn", () => {
    const start = { row: 8, column: 8 };
    const scales = (name: MotionName) =>
      motionPath(name, start, { ...geometry, frames: 5 }).map(({ scale }) => scale);
    expect(scales("grow")).toEqual([0.5, 0.625, 0.75, 0.875, 1]);
    expect(scales("shrink")).toEqual([1, 0.875, 0.75, 0.625, 0.5]);
    const turn = motionPath("spin", start, { ...geometry, frames: 4 }).map(({ angle }) => angle);
    expect(turn).toEqual([0, 90, 180, 270]);
  });
});
