/** One image or video with everything known about it. An image has one frame. */
export interface Sample<Attributes> {
  /** 1 for an image. */
  readonly frames: number;
  /** Height and width in pixels. */
  readonly size: number;
  /** `[size, size, 3]`, or `[frames, size, size, 3]` for a video, in [-1, 1]. */
  readonly pixels: Float32Array;
  /** `[size, size]` or `[frames, size, size]`: 0 background, 1 line. */
  readonly sketch: Uint8Array;
  /** `[size, size]` or `[frames, size, size]`: 0 background, else 1 + a class. */
  readonly segmentation: Uint8Array;
  readonly caption: string;
  readonly attributes: Attributes;
}
