import { backgroundColours } from "@nuwa/data";
import { spriteChannels } from "./sprites.mjs";

const palette = Object.values(backgroundColours).map((colour) => colour.map((value) => value / 127.5 - 1));

/** Smallest height and width of a drawing. */
const leastLength = 26;

/** Height and width of a drawing in the data's pictures, unless its config says otherwise. */
const plainLength = 36;

/** Shares of the kinds of scenes; the rest of the backgrounds has a gradient. */
const shares = { palette: 0.45, flat: 0.35, sketch: 0.06, grey: 0.06, turned: 0.1 };

/**
 * A drawing at a random place, size and angle on a random background.
 *
 * @param sprite the two copies of a drawing
 * @param {number} size height and width of the picture
 * @param {() => number} random uniform in [0, 1)
 * @returns `pixels` `[size, size, 3]` in [-1, 1], and the background's mean colour
 */
export function drawScene(sprite, size, random) {
  const pixels = new Float32Array(size * size * 3);
  const background = fillBackground(pixels, size, random);
  const length = leastLength + (size - leastLength) * random();
  const room = (size - length) / 2 + 1.5;
  const isTurned = random() < shares.turned;
  pasteTurned(pixels, size, length > 40 ? sprite[0] : sprite[1], {
    length,
    row: size / 2 + room * (2 * random() - 1),
    column: size / 2 + room * (2 * random() - 1),
    radians: (2 * random() - 1) * (isTurned ? Math.PI : 0.2),
    isSketch: random() < shares.sketch,
  });
  if (random() >= shares.grey) return { pixels, background };
  turnGrey(pixels);
  turnGrey(background);
  return { pixels, background };
}

/** As the data draws pictures: upright, of its usual size, at any place on one of its backgrounds. */
export function drawPlain(sprite, size, random) {
  const pixels = new Float32Array(size * size * 3);
  const background = palette[Math.floor(random() * palette.length)];
  for (let at = 0; at < pixels.length; at += 3) pixels.set(background, at);
  const place = () => plainLength / 2 + Math.floor(random() * (size - plainLength + 1));
  const pose = { length: plainLength, row: place(), column: place(), radians: 0, isSketch: false };
  pasteTurned(pixels, size, sprite[1], pose);
  return { pixels, background };
}

function fillBackground(pixels, size, random) {
  const kind = random();
  const colour = () => [2 * random() - 1, 2 * random() - 1, 2 * random() - 1];
  const from = kind < shares.palette ? palette[Math.floor(random() * palette.length)] : colour();
  const to = kind < shares.palette + shares.flat ? from : colour();
  const angle = 2 * Math.PI * random();
  const [down, right] = [Math.sin(angle) / size, Math.cos(angle) / size];
  for (let row = 0, at = 0; row < size; row++) {
    for (let column = 0; column < size; column++, at += 3) {
      const share = 0.5 + (row + 0.5 - size / 2) * down + (column + 0.5 - size / 2) * right;
      const kept = Math.min(1, Math.max(0, share));
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = from[channel] + kept * (to[channel] - from[channel]);
      }
    }
  }
  return from.map((value, channel) => (value + to[channel]) / 2);
}

/** Blends bilinear samples of a sprite of `length` pixels about (row, column), or black lines for a sketch. */
function pasteTurned(pixels, size, { side, data }, { length, row, column, radians, isSketch }) {
  const [sine, cosine] = [Math.sin(radians), Math.cos(radians)];
  const reach = Math.ceil((length / 2) * (Math.abs(sine) + Math.abs(cosine)));
  const scale = side / length;
  const sample = new Float64Array(spriteChannels);
  for (let y = Math.max(0, Math.floor(row - reach)); y < Math.min(size, row + reach); y++) {
    for (let x = Math.max(0, Math.floor(column - reach)); x < Math.min(size, column + reach); x++) {
      const [dy, dx] = [(y + 0.5 - row) * scale, (x + 0.5 - column) * scale];
      const found = bilinear(sample, data, side, [
        side / 2 - 0.5 + dy * cosine - dx * sine,
        side / 2 - 0.5 + dy * sine + dx * cosine,
      ]);
      if (!found) continue;
      const at = (y * size + x) * 3;
      const alpha = isSketch ? sample[4] : sample[3];
      for (let channel = 0; channel < 3; channel++) {
        const colour = isSketch ? -alpha : sample[channel];
        pixels[at + channel] = pixels[at + channel] * (1 - alpha) + colour;
      }
    }
  }
}

/** Writes the sprite's value at a fractional place to `sample`; false where it is outside. */
function bilinear(sample, data, side, [row, column]) {
  const [top, left] = [Math.floor(row), Math.floor(column)];
  if (top < -1 || left < -1 || top >= side || left >= side) return false;
  sample.fill(0);
  for (let corner = 0; corner < 4; corner++) {
    const [r, c] = [top + (corner >> 1), left + (corner & 1)];
    if (r < 0 || c < 0 || r >= side || c >= side) continue;
    const weight = (1 - Math.abs(row - r)) * (1 - Math.abs(column - c));
    const from = (r * side + c) * spriteChannels;
    for (let channel = 0; channel < spriteChannels; channel++)
      sample[channel] += weight * data[from + channel];
  }
  return true;
}

/** Rec. 601 luma in all three channels, in place. */
function turnGrey(values) {
  for (let at = 0; at < values.length; at += 3) {
    const luma = 0.299 * values[at] + 0.587 * values[at + 1] + 0.114 * values[at + 2];
    values.fill(luma, at, at + 3);
  }
}
