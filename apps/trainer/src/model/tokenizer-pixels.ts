import { classColour } from "@nuwa/data";
import type { TokenizerInput } from "./tokenizer-input.ts";

type Values = Float32Array | Int32Array | Uint8Array;

/** What a tokenizer reads or writes as RGB pixels in [-1, 1]: classes in colours, line art black on white. */
export function shownPixels(values: Values, input: TokenizerInput): Float32Array {
  if (input === "pixels") return Float32Array.from(values);
  const pixels = new Float32Array(values.length * 3);
  for (let index = 0; index < values.length; index++) {
    const colour = input === "sketch" ? lineColour(values[index]) : classColour(values[index]);
    for (let channel = 0; channel < 3; channel++) pixels[index * 3 + channel] = colour[channel] / 127.5 - 1;
  }
  return pixels;
}

const lineColour = (line: number): readonly [number, number, number] =>
  line === 0 ? [255, 255, 255] : [0, 0, 0];

/** The absolute error as RGB pixels: black where nothing is wrong, white at the greatest error. */
export function errorPixels(real: Values, remade: Values, input: TokenizerInput): Float32Array {
  const channels = input === "pixels" ? 1 : 3;
  const pixels = new Float32Array(real.length * channels);
  for (let index = 0; index < real.length; index++) {
    const error = Math.abs(real[index] - remade[index]);
    const value = input === "pixels" ? error - 1 : error === 0 ? -1 : 1;
    pixels.fill(value, index * channels, (index + 1) * channels);
  }
  return pixels;
}
