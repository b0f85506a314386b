import { createHash } from "node:crypto";
import { Rng } from "@nuwa/tensor3d";
import { beforeAll, describe, expect, test } from "vitest";
import { backgroundColours } from "./backgrounds.ts";
import { MovingOpenMoji } from "./dataset.ts";
import { type MotionName, motions } from "./motion.ts";

const allMotions = Object.keys(motions) as MotionName[];
const config = { spriteSize: 40, frames: 7, motions: allMotions, placement: "centre" } as const;
let dataset: MovingOpenMoji;
beforeAll(async () => {
  dataset = await MovingOpenMoji.open(config);
});

/** Mean (row, column) and pixel count of the sprite in one frame. */
function centroid(segmentation: Uint8Array, frame: number): { row: number; column: number; area: number } {
  let [row, column, area] = [0, 0, 0];
  for (let at = 0; at < 64 * 64; at++) {
    if (segmentation[frame * 64 * 64 + at] === 0) continue;
    row += Math.floor(at / 64);
    column += at % 64;
    area++;
  }
  return { row: row / area, column: column / area, area };
}

const hash = (pixels: Float32Array) =>
  createHash("sha256").update(new Uint8Array(pixels.buffer)).digest("hex");

describe("images", () => {
  test("have their planes, caption and attributes", () => {
    const image = dataset.drawImage({ emoji: "fox", background: "blue", position: { row: 8, column: 16 } });
    expect(image).toMatchObject({ frames: 1, size: 64, caption: "a fox on a blue background" });
    expect(image.attributes).toEqual({ emoji: "fox", background: "blue" });
    expect(image.pixels).toHaveLength(64 * 64 * 3);
    expect(image.sketch).toHaveLength(64 * 64);
    expect([...new Set(image.segmentation)].sort()).toEqual([
      0,
      dataset.segmentationClasses.indexOf("animals-nature"),
    ]);
    const corner = backgroundColours.blue.map((value) => Math.fround(value / 127.5 - 1));
    expect([...image.pixels.slice(0, 3)]).toEqual(corner);
    for (const value of image.pixels) expect(Math.abs(value)).toBeLessThanOrEqual(1 + 1e-6);
  });

  test("are the same from another dataset with the same config", async () => {
    const again = await MovingOpenMoji.open(config);
    const combination = { emoji: "rocket", background: "pink" } as const;
    const one = hash(dataset.image(combination, new Rng(5)).pixels);
    expect(hash(again.image(combination, new Rng(5)).pixels)).toBe(one);
    expect(hash(again.image({ ...combination, background: "red" }, new Rng(5)).pixels)).not.toBe(one);
  });

  test("sketches lie on the dark lines of the drawing", () => {
    for (const emoji of dataset.emoji) {
      const { pixels, sketch, segmentation } = dataset.drawImage({
        emoji,
        background: "yellow",
        position: { row: 8, column: 8 },
      });
      let [lines, dark, inside] = [0, 0, 0];
      for (let at = 0; at < sketch.length; at++) {
        if (sketch[at] === 0) continue;
        lines++;
        if (pixels[3 * at] + pixels[3 * at + 1] + pixels[3 * at + 2] < 0.3) dark++;
        if (segmentation[at] > 0) inside++;
      }
      expect(lines).toBeGreaterThan(60);
      expect.soft(dark / lines, `${emoji} dark`).toBeGreaterThan(0.85);
      expect.soft(inside / lines, `${emoji} inside`).toBeGreaterThan(0.85);
    }
  });

  test("no drawing is cut by its square: opaque ink keeps off the frame in the middle", () => {
    for (const emoji of dataset.emoji) {
      const { segmentation } = dataset.drawImage({
        emoji,
        background: "red",
        position: { row: 8, column: 8 },
      });
      const edge = Array.from({ length: 40 }, (_, at) => [
        7 * 64 + 8 + at,
        48 * 64 + 8 + at,
        (8 + at) * 64 + 7,
      ]);
      expect(edge.flat().every((at) => segmentation[at] === 0)).toBe(true);
    }
  });

  test("a batch joins the images that the same draws give", () => {
    const combinations = dataset.combinations.images.train.slice(0, 3);
    const batch = dataset.imageBatch(combinations, new Rng(1));
    const rng = new Rng(1);
    const single = combinations.map((combination) => dataset.image(combination, rng).pixels);
    expect(batch).toHaveLength(3 * 64 * 64 * 3);
    expect(batch.slice(2 * 64 * 64 * 3)).toEqual(single[2]);
  });
});

describe("videos", () => {
  test.each(allMotions.filter((name) => "direction" in motions[name]))("%s moves the centroid", (motion) => {
    const direction = (motions[motion] as { direction: readonly number[] }).direction;
    const start = dataset.starts(motion)[0];
    const video = dataset.drawVideo({ emoji: "apple", background: "gray", motion, start });
    const [first, last] = [centroid(video.segmentation, 0), centroid(video.segmentation, 6)];
    expect(last.row - first.row).toBeCloseTo(24 * direction[0], 5);
    expect(last.column - first.column).toBeCloseTo(24 * direction[1], 5);
    expect(last.area).toBe(first.area);
    expect(video.caption).toBe(`an apple on a gray background ${motions[motion].phrase}`);
  });

  test("growing keeps the centre and quadruples the area; the last frame is the image", () => {
    const start = { row: 8, column: 8 };
    const video = dataset.drawVideo({ emoji: "star", background: "gray", motion: "grow", start });
    const [first, last] = [centroid(video.segmentation, 0), centroid(video.segmentation, 6)];
    expect(last.area / first.area).toBeGreaterThan(3.5);
    expect(last.area / first.area).toBeLessThan(4.5);
    expect(Math.abs(last.column - first.column)).toBeLessThan(0.5);
    const image = dataset.drawImage({ emoji: "star", background: "gray", position: start });
    expect(video.pixels.slice(6 * 64 * 64 * 3)).toEqual(image.pixels);
  });

  test("a quarter turn moves what is on the right to the bottom", async () => {
    const turning = await MovingOpenMoji.open({ ...config, frames: 4, emoji: ["rocket", "fox"] });
    const start = turning.starts("spin")[0];
    const { segmentation } = turning.drawVideo({ emoji: "rocket", background: "red", motion: "spin", start });
    const centre = start.row + 19.5;
    const [upright, quarter] = [centroid(segmentation, 0), centroid(segmentation, 1)];
    expect(quarter.row - centre).toBeCloseTo(upright.column - centre, 0);
    expect(quarter.column - centre).toBeCloseTo(-(upright.row - centre), 0);
    expect(quarter.area / upright.area).toBeCloseTo(1, 1);
  });

  test("standing still repeats one frame", () => {
    const [train] = dataset.combinations.videos.train.filter(({ motion }) => motion === "still");
    const { pixels } = dataset.video(train, new Rng(2));
    expect(pixels.slice(0, 64 * 64 * 3)).toEqual(pixels.slice(6 * 64 * 64 * 3));
    expect(dataset.videoBatch([train, train], new Rng(2))).toHaveLength(2 * 7 * 64 * 64 * 3);
  });
});

describe("errors", () => {
  test.each([
    [{ sprite: 3 }, "sprite"],
    [{ motions: ["fly"] }, "motions.0"],
    [{ spriteSize: 80 }, "spriteSize: must be at most size 64, got 80"],
    [
      { frames: 20 },
      "20 frames at 4 pixels cover 76 pixels but a sprite of 36 has room for 28. Use at most 8 frames",
    ],
    [{ emoji: ["fox", "fox"] }, '"fox" occurs twice'],
    [{ emoji: ["aple"] }, '"aple" (near: "apple"'],
    [{ emoji: "all", segmentation: "emoji" }, "at most 255 emoji, got 1008"],
  ])("config %j", async (wrong, message) => {
    await expect(MovingOpenMoji.open(wrong as object)).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringContaining(message),
    });
  });

  test("names that the dataset lacks", () => {
    const position = { row: 0, column: 0 };
    const draw = (emoji: string, background: string) => () =>
      dataset.drawImage({ emoji, background: background as "red", position });
    expect(draw("foxx", "red")).toThrow(expect.objectContaining({ code: "INPUT" }));
    expect(draw("fox", "teal")).toThrow(/unknown background "teal"/);
    const between = { emoji: "fox", background: "red", position: { row: 0.5, column: 0 } } as const;
    expect(() => dataset.drawImage(between)).toThrow(/wanted whole pixels/);
    expect(() => dataset.starts("fly" as "up")).toThrow(/unknown motion "fly"/);
  });
});
