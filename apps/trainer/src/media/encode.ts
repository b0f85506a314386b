import sharp, { type Sharp } from "sharp";
import { type Clip, frameBytes, type RawImage } from "./pixels.ts";

/** Enlargement and speed of encoded pictures. */
export interface EncodeOptions {
  /** Each pixel becomes a square of this many pixels. Default 1. */
  readonly zoom?: number;
  /** Frames a second of an animation. Default 5. */
  readonly rate?: number;
}

export async function encodePng(image: RawImage, { zoom = 1 }: EncodeOptions = {}): Promise<Uint8Array> {
  return enlarged(sharp(image.bytes, { raw: rawInfo(image) }), image, zoom)
    .png()
    .toBuffer();
}

/** A looping animation of a clip's frames, GIF or WebP (lossless). */
export async function encodeAnimation(
  clip: Clip,
  format: "gif" | "webp",
  { zoom = 1, rate = 5 }: EncodeOptions = {},
): Promise<Uint8Array> {
  const frames = await Promise.all(
    Array.from({ length: clip.frames }, async (_, frame) => {
      const image = frameBytes(clip, frame);
      return enlarged(sharp(image.bytes, { raw: rawInfo(image) }), image, zoom)
        .raw()
        .toBuffer();
    }),
  );
  const height = clip.height * zoom;
  const raw = {
    width: clip.width * zoom,
    height: height * clip.frames,
    channels: 3 as const,
    pageHeight: height,
  };
  const strip = sharp(Buffer.concat(frames), { raw });
  const timing = { loop: 0, delay: Array<number>(clip.frames).fill(Math.round(1000 / rate)) };
  return format === "gif"
    ? strip.gif(timing).toBuffer()
    : strip.webp({ ...timing, lossless: true }).toBuffer();
}

const rawInfo = ({ width, height }: RawImage) => ({ width, height, channels: 3 as const });

function enlarged(image: Sharp, { width, height }: RawImage, zoom: number): Sharp {
  return zoom === 1 ? image : image.resize(width * zoom, height * zoom, { kernel: "nearest" });
}

/** `data:` address of an encoded picture, for a page that needs no other file. */
export function dataUri(bytes: Uint8Array, type: "png" | "gif" | "webp"): string {
  return `data:image/${type};base64,${Buffer.from(bytes).toString("base64")}`;
}
