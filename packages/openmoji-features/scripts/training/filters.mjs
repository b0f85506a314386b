import { Rng } from "@nuwa/tensor3d";

/** Normal numbers, read from drawn places: drawing each anew would take longer than training. */
const noiseTable = new Rng(0).fork("openmoji-features noise").normal(0x10000);

/** Gaussian blur of `[size, size, 3]` along both axes, borders repeated, in place. */
export function blur(pixels, size, sigma) {
  const radius = Math.ceil(3 * sigma);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, index) =>
    Math.exp(-((index - radius) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  alongAxis(pixels, size, [size * 3, 3], radius, weights, total);
  alongAxis(pixels, size, [3, size * 3], radius, weights, total);
}

function alongAxis(pixels, size, [lineStep, step], radius, weights, total) {
  const line = new Float64Array(size);
  for (let start = 0; start < size; start++) {
    for (let channel = 0; channel < 3; channel++) {
      const first = start * lineStep + channel;
      for (let place = 0; place < size; place++) line[place] = pixels[first + place * step];
      for (let place = 0; place < size; place++) {
        let sum = 0;
        for (let offset = -radius; offset <= radius; offset++) {
          const near = Math.min(size - 1, Math.max(0, place + offset));
          sum += weights[offset + radius] * line[near];
        }
        pixels[first + place * step] = sum / total;
      }
    }
  }
}

/** Adds normal noise of a standard deviation, in place. */
export function addNoise(pixels, deviation, random) {
  const offset = Math.floor(random() * noiseTable.length);
  const stride = 1 + 2 * Math.floor(random() * 1000); // odd: every number of the table is met
  for (let at = 0; at < pixels.length; at++) {
    pixels[at] += deviation * noiseTable[(offset + stride * at) & 0xffff];
  }
}

/** Means of `block` × `block` pixels, spread again bilinearly, as a narrow latent grid would, in place. */
export function lowPass(pixels, size, block) {
  const cells = size / block;
  const means = new Float32Array(cells * cells * 3);
  eachPixel(size, (row, column, at) => {
    const to = (Math.floor(row / block) * cells + Math.floor(column / block)) * 3;
    for (let channel = 0; channel < 3; channel++) means[to + channel] += pixels[at + channel] / block ** 2;
  });
  const cell = (place) => Math.min(cells - 1, Math.max(0, place));
  eachPixel(size, (row, column, at) => {
    const [y, x] = [(row + 0.5) / block - 0.5, (column + 0.5) / block - 0.5];
    const [top, left] = [Math.floor(y), Math.floor(x)];
    for (let channel = 0; channel < 3; channel++) {
      const value = (r, c) => means[(cell(r) * cells + cell(c)) * 3 + channel];
      const upper = value(top, left) * (left + 1 - x) + value(top, left + 1) * (x - left);
      const lower = value(top + 1, left) * (left + 1 - x) + value(top + 1, left + 1) * (x - left);
      pixels[at + channel] = upper * (top + 1 - y) + lower * (y - top);
    }
  });
}

/** Flattens one aligned block of 8 × 8 pixels to its mean colour, as a wrong code would, in place. */
export function flattenBlock(pixels, size, random) {
  const [top, left] = [random, random].map((draw) => 8 * Math.floor((draw() * size) / 8));
  const mean = [0, 0, 0];
  const each = (visit) => {
    for (let index = 0; index < 64; index++) visit(((top + (index >> 3)) * size + left + (index & 7)) * 3);
  };
  each((at) =>
    mean.forEach((_, channel) => {
      mean[channel] += pixels[at + channel] / 64;
    }),
  );
  each((at) => pixels.set(mean, at));
}

function eachPixel(size, visit) {
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += 3) visit(row, column, at);
  }
}
