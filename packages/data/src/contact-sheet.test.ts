import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { contactSheet } from "./contact-sheet.ts";
import { writeContactSheets } from "./preview.ts";
import type { Sample } from "./sample.ts";
import { wrapCaption } from "./sheet-text.ts";

/** A flat red 4 × 4 sample. */
function sample(frames: number): Sample<object> {
  const pixels = new Float32Array(frames * 16 * 3).map((_, at) => (at % 3 === 0 ? 1 : -1));
  const [sketch, segmentation] = [new Uint8Array(frames * 16), new Uint8Array(frames * 16).fill(1)];
  return { frames, size: 4, pixels, sketch, segmentation, caption: "a < b & c", attributes: {} };
}

test("a grid without captions has the pixels of its samples", async () => {
  const png = await contactSheet([sample(1), sample(1), sample(1)], {
    columns: 2,
    captions: false,
    scale: 3,
  });
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([2 * (12 + 6) + 6, 2 * (12 + 6) + 6]);
  expect([...data.subarray((6 * info.width + 6) * 3, (6 * info.width + 6) * 3 + 3)]).toEqual([255, 0, 0]);
  expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
});

test("a marked video with planes and captions", async () => {
  const png = await contactSheet([sample(3)], { planes: ["pixels", "sketch"], scale: 10, marked: [true] });
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(info.width).toBe(3 * 40 + 12);
  expect([...data.subarray((5 * info.width + 6) * 3, (5 * info.width + 6) * 3 + 3)]).toEqual([224, 32, 32]);
});

test("a footer adds its lines", async () => {
  const sheet = (footer: string) => contactSheet([sample(1)], { captions: false, scale: 20, footer });
  const [plain, credited] = await Promise.all(
    ["", "credit"].map(async (footer) => sharp(await sheet(footer)).metadata()),
  );
  expect(credited.height).toBe(plain.height + 13);
});

test("captions wrap at words", () => {
  expect(wrapCaption("a fox on a red background", 70)).toEqual(["a fox on a", "red", "background"]);
});

test("nothing to show, or samples of two kinds, are errors", async () => {
  await expect(contactSheet([])).rejects.toMatchObject({ code: "INPUT" });
  await expect(contactSheet([sample(1), sample(2)])).rejects.toMatchObject({ code: "INPUT" });
});

test("writeContactSheets writes a file each, and says when it cannot", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-data-"));
  try {
    const dataset = { previews: () => [{ name: "reds", samples: [sample(1)] }] };
    const [path] = await writeContactSheets(dataset, join(folder, "new"));
    expect((await sharp(path).metadata()).format).toBe("png");
    await writeFile(join(folder, "file"), "");
    await expect(writeContactSheets(dataset, join(folder, "file"))).rejects.toMatchObject({ code: "FILE" });
  } finally {
    await rm(folder, { recursive: true });
  }
});
