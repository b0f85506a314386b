import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import type { Catalog, EmojiEntry } from "./catalog.ts";

/** Bytes of a master pixel: red, green, blue, alpha (not premultiplied), line. */
export const masterChannels = 5;

/** Side of OpenMoji's square canvas in its own units. */
const canvasSide = 72;

/** Side of the middle part of the canvas that most drawings keep to; the rest is margin. */
const usualSide = 62;

/** Drawings rendered at once. */
const parallel = 16;

/**
 * Renders drawings in colour and as line art with one view box, so that both are aligned: `5 5 62 62`, or
 * as much more of the canvas as a drawing needs to be whole.
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

  const readSvg = async (folder: "color" | "black", hexcode: string): Promise<string> => {
    const file = join(catalog.folder, folder, "svg", `${hexcode}.svg`);
    try {
      return await readFile(file, "utf8");
    } catch (cause) {
      throw new NuwaError("FILE", `renderMasters: cannot read ${file}: ${(cause as Error).message}`, {
        cause,
      });
    }
  };

  /** The canvas's middle `part` units as RGBA, `[pixels, pixels, 4]`. */
  const rasterize = (svg: string, part: number, pixels: number): Promise<Uint8Array> => {
    const margin = (canvasSide - part) / 2;
    const view = `viewBox="${margin} ${margin} ${part} ${part}" width="${pixels}" height="${pixels}"`;
    return sharp(Buffer.from(svg.replace(/viewBox="[^"]*"/, view)))
      .ensureAlpha()
      .raw()
      .toBuffer();
  };

  const renderOne = async (index: number): Promise<void> => {
    const { hexcode, name } = entries[index];
    const [colourSvg, lineSvg] = await Promise.all([readSvg("color", hexcode), readSvg("black", hexcode)]);
    let images: Uint8Array[];
    try {
      const part = inkedPart(await rasterize(colourSvg, canvasSide, canvasSide));
      images = await Promise.all([rasterize(colourSvg, part, side), rasterize(lineSvg, part, side)]);
    } catch (cause) {
      const message = `renderMasters: cannot render "${name}" (${hexcode}.svg): ${(cause as Error).message}`;
      throw new NuwaError("FILE", message, { cause });
    }
    const [colour, line] = images;
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

/** Side of the middle square that holds all ink of a canvas `[canvasSide, canvasSide, 4]`; at least the usual. */
function inkedPart(canvas: Uint8Array): number {
  let margin = (canvasSide - usualSide) / 2;
  for (let pixel = 0; pixel < canvasSide * canvasSide; pixel++) {
    if (canvas[4 * pixel + 3] < 32) continue;
    const row = Math.floor(pixel / canvasSide);
    const column = pixel % canvasSide;
    margin = Math.min(margin, row, column, canvasSide - 1 - row, canvasSide - 1 - column);
  }
  return canvasSide - 2 * margin;
}
