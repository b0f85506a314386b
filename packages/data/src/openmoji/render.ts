import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import type { Catalog, EmojiEntry } from "./catalog.ts";

/** Bytes of a master pixel: red, green, blue, alpha (not premultiplied), line. */
export const masterChannels = 5;

/** What the drawings' strokes and fills reach of OpenMoji's 72 × 72 canvas; the rest is margin. */
const viewBox = "5 5 62 62";

/** Drawings rendered at once. */
const parallel = 16;

/**
 * Renders drawings in colour and as line art with one view box, so that both are aligned.
 *
 * @param side height and width in pixels
 * @returns `[emoji, side, side, masterChannels]`
 * @throws NuwaError `FILE` when a drawing cannot be read or rendered
 */
export async function renderMasters(
  catalog: Catalog,
  entries: readonly EmojiEntry[],
  side: number,
  onProgress: (done: number) => void,
): Promise<Uint8Array> {
  const { default: sharp } = await import("sharp");
  const bytes = side * side * masterChannels;
  const masters = new Uint8Array(entries.length * bytes);

  const render = async (folder: "color" | "black", hexcode: string): Promise<Uint8Array> => {
    const file = join(catalog.folder, folder, "svg", `${hexcode}.svg`);
    try {
      const svg = await readFile(file, "utf8");
      const framed = svg.replace(/viewBox="[^"]*"/, `viewBox="${viewBox}" width="${side}" height="${side}"`);
      return await sharp(Buffer.from(framed)).ensureAlpha().raw().toBuffer(); // [side, side, 4]
    } catch (cause) {
      throw new NuwaError("FILE", `renderMasters: cannot render ${file}: ${(cause as Error).message}`, {
        cause,
      });
    }
  };

  const renderOne = async (index: number): Promise<void> => {
    const { hexcode } = entries[index];
    const [colour, line] = await Promise.all([render("color", hexcode), render("black", hexcode)]);
    for (let pixel = 0, at = index * bytes; pixel < side * side; pixel++, at += masterChannels) {
      for (let channel = 0; channel < 4; channel++) masters[at + channel] = colour[4 * pixel + channel];
      masters[at + 4] = line[4 * pixel + 3];
    }
  };

  for (let first = 0; first < entries.length; first += parallel) {
    const indices = entries.slice(first, first + parallel).map((_, index) => first + index);
    await Promise.all(indices.map(renderOne));
    onProgress(first + indices.length);
  }
  return masters;
}
