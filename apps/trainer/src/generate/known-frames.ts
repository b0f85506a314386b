import { NuwaError } from "@nuwa/tensor3d";
import { fileError } from "@nuwa/tensor3d/node";
import sharp from "sharp";
import type { Clip } from "../media/pixels.ts";

/**
 * Reads the first frames of a video: pictures, each a frame, or animations with all their frames. They are
 * scaled to the model's size where they differ, and must be square then.
 *
 * @throws NuwaError `FILE` for files that are no pictures, `INPUT` for too many frames or another shape
 */
export async function readKnownFrames(paths: readonly string[], size: number, most: number): Promise<Clip> {
  const parts = await Promise.all(paths.map((path) => readFrames(path, size)));
  const frames = parts.reduce((sum, part) => sum + part.length / (size * size * 3), 0);
  if (frames >= most) {
    throw new NuwaError("INPUT", `The known frames are ${frames}; the model's videos have ${most} in all.`, {
      hint: `Give at most ${most - 1}, so that something is left to predict.`,
    });
  }
  const pixels = new Float32Array(frames * size * size * 3);
  let at = 0;
  for (const part of parts) {
    for (const byte of part) pixels[at++] = byte / 127.5 - 1;
  }
  return { height: size, width: size, frames, pixels };
}

async function readFrames(path: string, size: number): Promise<Uint8Array> {
  try {
    const { pages = 1, width = 0, height = 0 } = await sharp(path, { animated: true }).metadata();
    const side = height / pages;
    if (side !== width) {
      throw new NuwaError("INPUT", `${path}: wanted a square picture, got ${width}x${side}.`, {
        hint: `Crop it; the model works on ${size}x${size} pixels.`,
      });
    }
    const frames = await Promise.all(
      Array.from({ length: pages }, (_, page) =>
        sharp(path, { page })
          .flatten({ background: "white" })
          .resize(size, size)
          .toColourspace("srgb")
          .raw()
          .toBuffer(),
      ),
    );
    return Buffer.concat(frames);
  } catch (error) {
    if (error instanceof NuwaError) throw error;
    throw fileError("read the picture", path, error);
  }
}
