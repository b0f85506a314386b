import sharp from "sharp";
import { expect, test } from "vitest";
import { dataUri, encodeAnimation, encodePng } from "./encode.ts";
import { type Clip, contactSheet, frameBytes } from "./pixels.ts";

/** Two 2x3 frames: black with one white pixel that moves a column to the right. */
const clip: Clip = { height: 2, width: 3, frames: 2, pixels: new Float32Array(36).fill(-1) };
clip.pixels.fill(1, 0, 3);
clip.pixels.fill(1, 18 + 3, 18 + 6);

test("pixels become bytes, clipped", () => {
  const odd: Clip = { height: 1, width: 1, frames: 1, pixels: Float32Array.of(-3, 0, 7) };
  expect([...frameBytes(odd, 0).bytes]).toEqual([0, 128, 255]);
  expect([...frameBytes(clip, 1).bytes.subarray(0, 9)]).toEqual([0, 0, 0, 255, 255, 255, 0, 0, 0]);
});

test("a contact sheet keeps rows, columns and gaps", () => {
  const white = { height: 1, width: 1, bytes: Uint8Array.of(255, 255, 255) };
  const black = { height: 1, width: 1, bytes: Uint8Array.of(0, 0, 0) };
  const sheet = contactSheet([white, black, black], 2, 1);
  expect([sheet.height, sheet.width]).toEqual([3, 3]);
  const reds = Array.from({ length: 9 }, (_, index) => sheet.bytes[index * 3]);
  expect(reds).toEqual([255, 128, 0, 128, 128, 128, 0, 128, 128]);
});

test("a PNG gives back the same bytes, enlarged by whole pixels", async () => {
  const png = await encodePng(frameBytes(clip, 0), { zoom: 2 });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([6, 4]);
  expect(data[0]).toBe(255);
  expect(data[2 * 3]).toBe(0);
  expect(dataUri(png, "png").startsWith("data:image/png;base64,iVBOR")).toBe(true);
});

test.each(["gif", "webp"] as const)("an animated %s has every frame and its delay", async (format) => {
  const bytes = await encodeAnimation(clip, format, { zoom: 4, rate: 10 });
  const metadata = await sharp(bytes, { animated: true }).metadata();
  expect(metadata).toMatchObject({ format, pages: 2, pageHeight: 8, width: 12, delay: [100, 100], loop: 0 });
  const { data } = await sharp(bytes, { animated: true }).raw().toBuffer({ resolveWithObject: true });
  const channels = data.length / (12 * 16);
  expect(data[0]).toBe(255);
  expect(data[(8 * 12 + 4) * channels]).toBe(255);
  expect(data[8 * 12 * channels]).toBe(0);
});
