import { Rng } from "@nuwa/tensor3d";
import { beforeAll, describe, expect, test } from "vitest";
import { mnistCaption, parseMnistCaption } from "./caption.ts";
import { CaptionedMovingMnist } from "./dataset.ts";

let one: CaptionedMovingMnist;
beforeAll(async () => {
  one = await CaptionedMovingMnist.open();
});

/** Mean column and row of the strokes in one frame of 64 × 64. */
function centroid(segmentation: Uint8Array, frame: number): { row: number; column: number } {
  const frameOf = segmentation.subarray(frame * 4096, (frame + 1) * 4096);
  const inside = [...frameOf.keys()].filter((at) => frameOf[at] > 0);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { row: mean(inside.map((at) => Math.floor(at / 64))), column: mean(inside.map((at) => at % 64)) };
}

test("10,000 digits, 20 combinations of one digit, 360 of two", async () => {
  const all = Array.from(
    { length: 10 },
    (_, digit) => one.images(digit, "train").length + one.images(digit, "test").length,
  );
  expect(all.reduce((sum, count) => sum + count)).toBe(10_000);
  expect(one.combinations).toHaveLength(20);
  expect((await CaptionedMovingMnist.open({ digits: 2 })).combinations).toHaveLength(360);
});

test("training and test images are disjoint, a fifth for tests", () => {
  for (let digit = 0; digit < 10; digit++) {
    const [train, testing] = [one.images(digit, "train"), new Set(one.images(digit, "test"))];
    expect(train.some((index) => testing.has(index))).toBe(false);
    expect(testing.size).toBe(Math.ceil(0.2 * (train.length + testing.size)));
  }
});

describe("videos", () => {
  test("a digit bounces off the walls", () => {
    const path = { digit: 7, motion: "horizontal", image: 3, row: 8, column: 28, step: 1 } as const;
    const { segmentation, pixels, caption } = one.drawVideo([path]);
    expect(caption).toBe("digit 7 is moving left and right");
    expect(pixels).toHaveLength(10 * 64 * 64 * 3);
    const columns = Array.from({ length: 10 }, (_, frame) =>
      Math.round(centroid(segmentation, frame).column),
    );
    const steps = columns.slice(1).map((column, index) => column - columns[index]);
    expect(steps).toEqual([4, 4, -4, -4, -4, -4, -4, -4, -4]);
    expect(centroid(segmentation, 9).row).toBe(centroid(segmentation, 0).row);
    expect(new Set(segmentation)).toEqual(new Set([0, 8]));
  });

  test("are drawn alike by equal random states, and differ by split", () => {
    const [combination] = one.combinations;
    const bytes = (pixels: Float32Array) => Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
    const video = (split: "train" | "test") => bytes(one.video(combination, split, new Rng(4)).pixels);
    expect(video("train").equals(video("train"))).toBe(true);
    expect(video("train").equals(video("test"))).toBe(false);
    const batch = one.videoBatch([combination, combination], "train", new Rng(4));
    expect(bytes(batch.subarray(0, batch.length / 2)).equals(video("train"))).toBe(true);
  });

  test("an unknown digit is an error", () => {
    const path = { digit: 11, motion: "vertical", image: 0, row: 0, column: 0, step: 1 } as const;
    expect(() => one.drawVideo([path])).toThrow(expect.objectContaining({ code: "INPUT" }));
  });
});

describe("captions", () => {
  test("are read back", async () => {
    const two = await CaptionedMovingMnist.open({ digits: 2 });
    for (const attributes of [...one.combinations, ...two.combinations])
      expect(parseMnistCaption(mnistCaption(attributes))).toEqual(attributes);
  });

  test.each([
    ["", "got an empty one"],
    ["a fox", 'got "a fox"'],
    ["digit 12 is moving up and down", "digits are 0 to 9"],
    ["digit 1 is moving left and rigth", '(near: "left and right")'],
  ])("%j is an error that helps", (caption, message) => {
    expect(() => parseMnistCaption(caption)).toThrow(
      expect.objectContaining({ code: "INPUT", message: expect.stringContaining(message) }),
    );
  });

  test("a wrong config names its field", async () => {
    await expect(CaptionedMovingMnist.open({ digits: 3 as 2 })).rejects.toMatchObject({
      code: "CONFIG",
      message: expect.stringContaining("digits"),
    });
  });
});
