import { MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { beforeAll, expect, test } from "vitest";
import { inputTensor } from "../model/tokenizer-input.ts";
import { drawPicture, nextPlace, type PictureSet } from "./pictures.ts";

let set: PictureSet;

beforeAll(async () => {
  await useCpu();
  const dataset = await MovingOpenMoji.open({
    size: 32,
    spriteSize: 16,
    frames: 1,
    emoji: ["fox", "panda", "apple"],
    segmentation: "emoji",
  });
  set = { dataset, combinations: dataset.combinations.images.heldOut, heldOut: true };
});

test("places lie in the set, and a shift keeps the sprite within the frame", () => {
  const rng = new Rng(3);
  const places = Array.from({ length: 200 }, () => nextPlace(set, 8, rng));
  for (const { combination, position, shift } of places) {
    expect(set.combinations).toContain(combination);
    const corner = position.row === 16 && position.column === 16;
    expect(shift === undefined).toBe(corner);
    expect(position.row + 8 * (shift?.rows ?? 0)).toBeLessThanOrEqual(16);
    expect(position.column + 8 * (shift?.columns ?? 0)).toBeLessThanOrEqual(16);
  }
  expect(new Set(places.map(({ position: { row, column } }) => `${row}/${column}`)).size).toBe(9);
  expect(new Set(places.map(({ shift }) => shift)).size).toBe(3);
  const again = new Rng(3);
  expect(Array.from({ length: 200 }, () => nextPlace(set, 8, again))).toEqual(places);
  expect(nextPlace(set, 24, rng).shift).toBeUndefined();
});

test("the shifted picture is the same sprite one token further", () => {
  const rng = new Rng(0);
  const place = {
    ...nextPlace(set, 8, rng),
    position: { row: 0, column: 8 },
    shift: { rows: 0, columns: 1 } as const,
  };
  const [one, other] = [drawPicture(set, place), drawPicture(set, place, 8)];
  const pixel = (pixels: Float32Array, row: number, column: number) =>
    Array.from(pixels.subarray((row * 32 + column) * 3, (row * 32 + column + 1) * 3));
  for (let row = 0; row < 32; row++) {
    for (let column = 8; column < 24; column++) {
      expect(pixel(other.pixels, row, column + 8)).toEqual(pixel(one.pixels, row, column));
    }
  }
});

test("pixels, line art and mapped classes", () =>
  expectNoLeak(() => {
    const samples = ["fox", "apple"].map((emoji) =>
      set.dataset.drawImage({ emoji, background: "red", position: { row: 0, column: 0 } }),
    );
    const pixels = inputTensor(samples, "pixels");
    expect([pixels.dtype, pixels.shape]).toEqual(["float32", [2, 32, 32, 3]]);
    const sketch = inputTensor(samples, "sketch");
    expect([sketch.dtype, sketch.shape]).toEqual(["int32", [2, 32, 32]]);
    expect(new Set(sketch.dataSync())).toEqual(new Set([0, 1]));
    const plain = inputTensor(samples, "segmentation");
    expect(new Set(plain.dataSync())).toEqual(new Set([0, 1, 3]));
    const mapped = inputTensor(samples, "segmentation", [0, 7, 8, 5]);
    expect(new Set(mapped.dataSync())).toEqual(new Set([0, 7, 5]));
    const unmapped = inputTensor(samples, "sketch", [0, 7, 8, 5]);
    expect(unmapped.dataSync()).toEqual(sketch.dataSync());
    for (const tensor of [pixels, sketch, plain, mapped, unmapped]) tensor.dispose();
  }));
