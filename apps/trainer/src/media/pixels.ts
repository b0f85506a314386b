/** Pixels of one image or one video: RGB float32 in [-1, 1], `[frames, height, width, 3]` in memory. */
export interface Clip {
  readonly height: number;
  readonly width: number;
  readonly frames: number;
  readonly pixels: Float32Array;
}

/** RGB bytes, `[height, width, 3]`. */
export interface RawImage {
  readonly height: number;
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** One frame as bytes; values outside [-1, 1] are clipped. */
export function frameBytes(clip: Clip, frame: number): RawImage {
  const { height, width } = clip;
  const size = height * width * 3;
  const bytes = new Uint8Array(size);
  for (let index = 0; index < size; index++) {
    const value = Math.round((clip.pixels[frame * size + index] + 1) * 127.5);
    bytes[index] = Math.max(0, Math.min(255, value));
  }
  return { height, width, bytes };
}

/** Images of one size side by side in rows of `columns`, with a grey line of `gap` pixels between. */
export function contactSheet(images: readonly RawImage[], columns: number, gap = 2): RawImage {
  const { height, width } = images[0];
  const across = Math.min(columns, images.length);
  const down = Math.ceil(images.length / across);
  const sheet = { height: down * (height + gap) - gap, width: across * (width + gap) - gap };
  const bytes = new Uint8Array(sheet.height * sheet.width * 3).fill(128);
  for (const [index, image] of images.entries()) {
    const top = Math.floor(index / across) * (height + gap);
    const left = (index % across) * (width + gap);
    for (let row = 0; row < height; row++) {
      const line = image.bytes.subarray(row * width * 3, (row + 1) * width * 3);
      bytes.set(line, ((top + row) * sheet.width + left) * 3);
    }
  }
  return { ...sheet, bytes };
}

/** Clips of one size and length next to each other, as one clip; grey lines of `gap` pixels between. */
export function sideBySide(clips: readonly Clip[], gap = 2): Clip {
  const { height, width, frames } = clips[0];
  const whole = clips.length * (width + gap) - gap;
  const pixels = new Float32Array(frames * height * whole * 3);
  for (const [index, clip] of clips.entries()) {
    for (let row = 0; row < frames * height; row++) {
      const line = clip.pixels.subarray(row * width * 3, (row + 1) * width * 3);
      pixels.set(line, (row * whole + index * (width + gap)) * 3);
    }
  }
  return { height, width: whole, frames, pixels };
}
