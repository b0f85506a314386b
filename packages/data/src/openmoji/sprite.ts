import { masterChannels } from "./render.ts";

/**
 * A drawing ready to be blended: `data` `[side, side, spriteChannels]` holds red, green, blue in [-1, 1]
 * times alpha, then alpha and the coverage of the line art, both in [0, 1].
 */
export interface Sprite {
  readonly side: number;
  readonly data: Float32Array;
}

export const spriteChannels = 5;

/** A master is rendered at so many times the sprite's size. */
export const oversampling = 2;

/** Points along each axis at which a posed sprite's pixel samples its master. */
const samplesPerAxis = 2;

/** One drawing of the masters as float, premultiplied: `[side, side, spriteChannels]`. */
function premultiplied(masters: Uint8Array, index: number, side: number): Float32Array {
  const pixels = side * side;
  const data = new Float32Array(pixels * spriteChannels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const from = (index * pixels + pixel) * masterChannels;
    const to = pixel * spriteChannels;
    const alpha = masters[from + 3] / 255;
    for (let channel = 0; channel < 3; channel++)
      data[to + channel] = alpha * (masters[from + channel] / 127.5 - 1);
    data[to + 3] = alpha;
    data[to + 4] = masters[from + 4] / 255;
  }
  return data;
}

/** The upright sprite: means of `oversampling` × `oversampling` master pixels. */
export function uprightSprite(masters: Uint8Array, index: number, side: number): Sprite {
  const masterSide = side * oversampling;
  const master = premultiplied(masters, index, masterSide);
  const data = new Float32Array(side * side * spriteChannels);
  const share = 1 / oversampling ** 2;
  for (let row = 0; row < masterSide; row++) {
    for (let column = 0; column < masterSide; column++) {
      const from = (row * masterSide + column) * spriteChannels;
      const to = (Math.floor(row / oversampling) * side + Math.floor(column / oversampling)) * spriteChannels;
      for (let channel = 0; channel < spriteChannels; channel++)
        data[to + channel] += share * master[from + channel];
    }
  }
  return { side, data };
}

/**
 * The drawing scaled and turned clockwise about its centre: bilinear samples of its master. The result's
 * side differs from `side` by an even number, so that both squares share their centre.
 */
export function posedSprite(
  masters: Uint8Array,
  index: number,
  side: number,
  { scale, angle }: { readonly scale: number; readonly angle: number },
): Sprite {
  const masterSide = side * oversampling;
  const master = premultiplied(masters, index, masterSide);
  const radians = (angle * Math.PI) / 180;
  const cosine = Math.cos(radians);
  const sine = Math.sin(radians);
  const margin = Math.ceil((side * (scale * (Math.abs(cosine) + Math.abs(sine)) - 1)) / 2 - 1e-6);
  const outSide = side + 2 * margin;
  const data = new Float32Array(outSide * outSide * spriteChannels);
  const share = 1 / samplesPerAxis ** 2;
  const reach = oversampling / scale; // master pixels per sprite pixel
  const centre = (masterSide - 1) / 2;
  for (let at = 0; at < outSide * outSide * samplesPerAxis ** 2; at++) {
    const fineColumn = at % (outSide * samplesPerAxis);
    const fineRow = Math.floor(at / (outSide * samplesPerAxis));
    const x = ((fineColumn + 0.5) / samplesPerAxis - outSide / 2) * reach;
    const y = ((fineRow + 0.5) / samplesPerAxis - outSide / 2) * reach;
    const to = Math.floor(fineRow / samplesPerAxis) * outSide + Math.floor(fineColumn / samplesPerAxis);
    addBilinear(data, to * spriteChannels, share, master, masterSide, [
      centre - x * sine + y * cosine,
      centre + x * cosine + y * sine,
    ]);
  }
  // A stroke that is thinner than a pixel still is a line.
  for (let at = 4; at < data.length; at += spriteChannels) data[at] = Math.min(1, data[at] / scale);
  return { side: outSide, data };
}

/** Adds `share` of the master's value at a fractional (row, column); nothing outside. */
function addBilinear(
  data: Float32Array,
  to: number,
  share: number,
  master: Float32Array,
  masterSide: number,
  [row, column]: readonly [number, number],
): void {
  const top = Math.floor(row);
  const left = Math.floor(column);
  for (let corner = 0; corner < 4; corner++) {
    const r = top + (corner >> 1);
    const c = left + (corner & 1);
    if (r < 0 || c < 0 || r >= masterSide || c >= masterSide) continue;
    const weight = share * (1 - Math.abs(row - r)) * (1 - Math.abs(column - c));
    const from = (r * masterSide + c) * spriteChannels;
    for (let channel = 0; channel < spriteChannels; channel++)
      data[to + channel] += weight * master[from + channel];
  }
}
