import { backgroundColours, MovingOpenMoji } from "@nuwa/data";

/** Height and width of the largest copy of a drawing; the other has half of it. */
const side = 64;

/** Values of a sprite's pixel: red, green, blue in [-1, 1] times alpha, alpha, and 1 on the lines. */
export const spriteChannels = 5;

/**
 * All drawings of Moving OpenMoji, each at 64 and at 32 pixels.
 *
 * @param {{ cacheDir?: string, onProgress?: (progress: { message: string }) => void }} options
 */
export async function openSprites(options) {
  const data = await MovingOpenMoji.open(
    {
      emoji: "all",
      size: side,
      spriteSize: side,
      align: 1,
      backgrounds: ["white", "teal"],
      motions: ["still"],
    },
    options,
  );
  return { entries: data.entries, sprites: data.emoji.map((emoji) => spriteOf(data, emoji)) };
}

/**
 * A drawing's colour and alpha from two pictures of it: over white and over teal, whose reds differ most. With red
 * `p = c + (1 - a) background` on both, `1 - a` is the difference of the pictures over that of the backgrounds.
 */
function spriteOf(data, emoji) {
  const position = { row: 0, column: 0 };
  const onWhite = data.drawImage({ emoji, background: "white", position });
  const onTeal = data.drawImage({ emoji, background: "teal", position });
  const white = backgroundColours.white.map((value) => value / 127.5 - 1);
  const apart = (backgroundColours.white[0] - backgroundColours.teal[0]) / 127.5;
  const large = new Float32Array(side * side * spriteChannels);
  for (let pixel = 0; pixel < side * side; pixel++) {
    const from = pixel * 3;
    const to = pixel * spriteChannels;
    const through = (onWhite.pixels[from] - onTeal.pixels[from]) / apart;
    for (let channel = 0; channel < 3; channel++) {
      large[to + channel] = onWhite.pixels[from + channel] - through * white[channel];
    }
    large[to + 3] = 1 - through;
    large[to + 4] = onWhite.sketch[pixel];
  }
  return [
    { side, data: large },
    { side: side / 2, data: halved(large) },
  ];
}

/** Means of 2 × 2 pixels. */
function halved(large) {
  const half = side / 2;
  const small = new Float32Array(half * half * spriteChannels);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const from = (row * side + column) * spriteChannels;
      const to = ((row >> 1) * half + (column >> 1)) * spriteChannels;
      for (let channel = 0; channel < spriteChannels; channel++) {
        small[to + channel] += large[from + channel] / 4;
      }
    }
  }
  return small;
}
