import { NuwaError, nextTask } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqCodec } from "./codec.ts";
import { readsClassMaps, type VqInput } from "./input.ts";

/** The codes of one frame, in the host's memory: nothing to dispose of. */
export interface FrameCodes {
  /** Rows and columns. */
  readonly shape: readonly [number, number];
  /** In raster order. */
  readonly data: Int32Array;
}

/** One frame of a video, or several: pixels or class maps. */
type Frames = tf.Tensor<tf.Rank.R2 | tf.Rank.R3 | tf.Rank.R4>;

export interface StreamOptions {
  /** Aborting ends the stream with the signal's reason, before the next frame is worked on. */
  readonly signal?: AbortSignal;
}

/**
 * The codes of each frame of a video, one after the other; frames are asked for as codes are. A tensor of several frames
 * is encoded at once. Frames stay their source's, which may dispose of each when asked for the next one (a generator:
 * `try { yield frame } finally { frame.dispose() }`); it is closed when the consumer stops, on errors and on abort.
 *
 * @param frames float32 `[H, W, C]`, or `[frames, H, W, C]`, in [−1, 1], with sides as `model.encode` wants them; for a
 *   `"vq-gan-seg"` class maps, int32 `[H, W]`, or `[frames, H, W]`
 * @returns for every frame its codes, `shape` `[H/F, W/F]`
 * @throws NuwaError `SHAPE` or `INPUT` as `model.encode` does; the signal's reason when aborted
 */
export async function* encodeFrames(
  model: VqCodec,
  frames: AsyncIterable<Frames> | Iterable<Frames>,
  { signal }: StreamOptions = {},
): AsyncGenerator<FrameCodes, void, undefined> {
  signal?.throwIfAborted();
  const single = readsClassMaps(model.config) ? 2 : 3;
  for await (const frame of frames) {
    if (signal) await nextTask();
    signal?.throwIfAborted();
    const codes = tf.tidy(
      () => model.encode(frame.rank === single ? tf.expandDims(frame) : (frame as VqInput)).codes,
    );
    const [count, rows, columns] = codes.shape;
    let values: Int32Array;
    try {
      values = (await codes.data()) as Int32Array;
    } finally {
      codes.dispose();
    }
    for (let index = 0; index < count; index++) {
      const data = values.slice(index * rows * columns, (index + 1) * rows * columns);
      yield { shape: [rows, columns], data };
    }
  }
}

/**
 * The pixels of each frame of a video from its codes, one after the other. Frames belong to the consumer, who disposes of
 * each; the stream itself holds none. The source of codes is closed when the consumer stops, on errors and on abort.
 *
 * @param codes of each frame, as `encodeFrames` gives them
 * @returns for every frame its pixels, float32 `[rows·F, columns·F, C]` in [−1, 1]; of a `"vq-gan-seg"` the logits
 *   `[rows·F, columns·F, classes]`
 * @throws NuwaError `SHAPE` where a frame's data and shape do not agree; the signal's reason when aborted
 */
export async function* decodeFrames(
  model: VqCodec,
  codes: AsyncIterable<FrameCodes> | Iterable<FrameCodes>,
  { signal }: StreamOptions = {},
): AsyncGenerator<tf.Tensor3D, void, undefined> {
  signal?.throwIfAborted();
  for await (const { shape, data } of codes) {
    if (signal) await nextTask();
    signal?.throwIfAborted();
    const [rows, columns] = shape;
    if (shape.length !== 2 || data.length !== rows * columns) {
      throw new NuwaError(
        "SHAPE",
        `decodeFrames: wanted rows × columns codes, got ${data.length} for the shape [${shape.join(", ")}].`,
      );
    }
    yield tf.tidy(() => tf.squeeze(model.decode(tf.tensor3d(data, [1, rows, columns], "int32")), [0]));
  }
}
