import type { Colour } from "./backgrounds.ts";
import { type Sprite, spriteChannels } from "./sprite.ts";

/** One or more frames to draw into. */
export interface Canvas {
  /** Height and width of a frame. */
  readonly size: number;
  /** `[frames, size, size, 3]` in [-1, 1]. */
  readonly pixels: Float32Array;
  /** `[frames, size, size]`: 0 background, 1 line. */
  readonly sketch: Uint8Array;
  /** `[frames, size, size]`: 0 background, else the class of the sprite. */
  readonly segmentation: Uint8Array;
}

/**
 * Share of a pixel's area from which on it belongs to the line art or the sprite. OpenMoji's strokes are about
 * one pixel wide: below a half, so that a stroke between two pixels is a line.
 */
const coverage = 0.4;

export function createCanvas(size: number, frames: number): Canvas {
  const pixels = frames * size * size;
  return {
    size,
    pixels: new Float32Array(pixels * 3),
    sketch: new Uint8Array(pixels),
    segmentation: new Uint8Array(pixels),
  };
}

/** Fills one frame with a colour and clears its classes. */
export function fillFrame(
  { size, pixels, sketch, segmentation }: Canvas,
  frame: number,
  colour: Colour,
): void {
  const first = frame * size * size;
  const last = first + size * size;
  const [red, green, blue] = colour.map((value) => value / 127.5 - 1);
  for (let at = first * 3; at < (first + size) * 3; at += 3) {
    pixels[at] = red;
    pixels[at + 1] = green;
    pixels[at + 2] = blue;
  }
  for (let row = 1; row < size; row++)
    pixels.copyWithin((first + row * size) * 3, first * 3, (first + size) * 3);
  sketch.fill(0, first, last);
  segmentation.fill(0, first, last);
}

/** Blends a sprite over one frame; what lies outside the frame is cut off. */
export function pasteSprite(
  { size, pixels, sketch, segmentation }: Canvas,
  frame: number,
  { side, data }: Sprite,
  place: { readonly row: number; readonly column: number; readonly spriteClass: number },
): void {
  const firstRow = Math.max(0, -place.row);
  const lastRow = Math.min(side, size - place.row);
  const firstColumn = Math.max(0, -place.column);
  const lastColumn = Math.min(side, size - place.column);
  for (let row = firstRow; row < lastRow; row++) {
    let from = (row * side + firstColumn) * spriteChannels;
    let to = (frame * size + place.row + row) * size + place.column + firstColumn;
    for (let column = firstColumn; column < lastColumn; column++, from += spriteChannels, to++) {
      const alpha = data[from + 3];
      if (data[from + 4] >= coverage) sketch[to] = 1;
      if (alpha === 0) continue;
      const under = 1 - alpha;
      const pixel = to * 3;
      pixels[pixel] = pixels[pixel] * under + data[from];
      pixels[pixel + 1] = pixels[pixel + 1] * under + data[from + 1];
      pixels[pixel + 2] = pixels[pixel + 2] * under + data[from + 2];
      if (alpha >= coverage) segmentation[to] = place.spriteClass;
    }
  }
}
