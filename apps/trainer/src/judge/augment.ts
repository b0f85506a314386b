import { Rng } from "@nuwa/tensor3d";

/** How strongly renderings are spoilt, so that a classifier trained on them bears a tokenizer's artefacts. */
export interface Spoiling {
  /** Most passes of the 1-2-1 blur. */
  readonly blurs: number;
  /** Largest standard deviation of the noise, pixels being in [-1, 1]. */
  readonly noise: number;
  /** Largest change of a channel's level, and of its contrast. */
  readonly colour: number;
  /** Most blocks of 8 × 8 pixels that are flattened to their mean, as a wrong code would. */
  readonly blocks: number;
}

export const mildSpoiling: Spoiling = { blurs: 2, noise: 0.08, colour: 0.06, blocks: 3 };

const blockSide = 8;

/** Noise is read from one table at drawn offsets: drawing each value anew would take longer than training. */
const noiseTable: Float32Array = new Rng(0).fork("judge noise").normal(0x10000);

/**
 * Spoils frames in place, all in the same way but for the noise and the blocks.
 *
 * @param pixels `[frames, size, size, 3]` in [-1, 1]
 */
export function spoil(pixels: Float32Array, size: number, rng: Rng, spoiling: Spoiling = mildSpoiling): void {
  const frameLength = size * size * 3;
  const passes = rng.integers(1, spoiling.blurs + 1)[0];
  const draws = rng.uniform(7);
  const change = (index: number) => spoiling.colour * (2 * draws[index] - 1);
  const noise = spoiling.noise * draws[6];
  for (let first = 0; first < pixels.length; first += frameLength) {
    const frame = pixels.subarray(first, first + frameLength);
    for (let pass = 0; pass < passes; pass++) blur(frame, size);
    flattenBlocks(frame, size, rng, spoiling.blocks);
    const offset = rng.next();
    for (let channel = 0; channel < 3; channel++) {
      const gain = 1 + change(channel);
      const level = change(3 + channel);
      for (let at = channel; at < frameLength; at += 3) {
        frame[at] = frame[at] * gain + level + noise * noiseTable[(offset + at) & 0xffff];
      }
    }
  }
}

/**
 * Paints a random colour where the rendering shows background, in place, so that an emoji is known on any.
 *
 * @param pixels `[size, size, 3]` in [-1, 1]
 * @param segmentation `[size, size]`, 0 where background
 */
export function repaintBackground(pixels: Float32Array, segmentation: Uint8Array, rng: Rng): void {
  const colour = rng.uniform(3).map((value) => 2 * value - 1);
  for (let place = 0; place < segmentation.length; place++) {
    if (segmentation[place] === 0) pixels.set(colour, place * 3);
  }
}

/** A 1-2-1 blur along both axes of `[size, size, 3]`, in place; the border is left as it is. */
export function blur(frame: Float32Array, size: number): void {
  for (const step of [3, size * 3]) {
    const source = frame.slice();
    for (let row = 1; row < size - 1; row++) {
      for (let at = (row * size + 1) * 3; at < (row * size + size - 1) * 3; at++) {
        frame[at] = 0.25 * source[at - step] + 0.5 * source[at] + 0.25 * source[at + step];
      }
    }
  }
}

/** Flattens up to `most` aligned blocks of `[size, size, 3]` to their mean colours, in place. */
function flattenBlocks(frame: Float32Array, size: number, rng: Rng, most: number): void {
  const perSide = Math.floor(size / blockSide);
  for (let left = rng.integers(1, most + 1)[0]; left > 0; left--) {
    const [row, column] = rng.integers(2, perSide);
    for (let channel = 0; channel < 3; channel++) {
      flatten(frame, size, row * blockSide, column * blockSide, channel);
    }
  }
}

function flatten(frame: Float32Array, size: number, top: number, left: number, channel: number): void {
  let sum = 0;
  const each = (visit: (at: number) => void) => {
    for (let row = top; row < top + blockSide; row++) {
      for (let column = left; column < left + blockSide; column++) visit((row * size + column) * 3 + channel);
    }
  };
  each((at) => {
    sum += frame[at];
  });
  const mean = sum / blockSide ** 2;
  each((at) => {
    frame[at] = mean;
  });
}
