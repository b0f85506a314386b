import { setImmediate as nextTurn } from "node:timers/promises";
import {
  captionOf,
  type ImageCombination,
  type MovingOpenMoji,
  type Split,
  type VideoCombination,
} from "@nuwa/data";
import type { CaptionTokenizer } from "@nuwa/tasks";
import { type Grid, tokenCount } from "@nuwa/tensor3d";
import { codeGrid, type VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import type { Progress } from "../console/progress.ts";
import { type FramePlace, imagePlace, placeKey, placesPixels, videoPlaces } from "./frame-source.ts";

/** One image or video as the transformer sees it: a caption's tokens, and the codes of its frames. */
export interface CodedSample {
  readonly combination: ImageCombination | VideoCombination;
  readonly tokens: Int32Array;
  /** Rows of the table, one for each frame. */
  readonly frames: Int32Array;
}

/** The codes of every picture that the data holds, each encoded once. */
export class CodeTable {
  readonly images: Readonly<Record<Split, readonly CodedSample[]>>;
  readonly videos: Readonly<Record<Split, readonly CodedSample[]>>;
  /** The codes of one frame. */
  readonly frameGrid: Grid;
  private readonly codes: Int32Array;

  private constructor(parts: Pick<CodeTable, "images" | "videos" | "frameGrid">, codes: Int32Array) {
    this.images = parts.images;
    this.videos = parts.videos;
    this.frameGrid = parts.frameGrid;
    this.codes = codes;
  }

  /** Encodes all pictures of both splits, `batch` at a time. */
  static async build(
    dataset: MovingOpenMoji,
    captions: CaptionTokenizer,
    model: VqModel,
    { batch = 32, progress, signal }: { batch?: number; progress?: Progress; signal?: AbortSignal } = {},
  ): Promise<CodeTable> {
    const places = new PlaceList();
    const samplesOf = (split: Split) => ({
      images: dataset.combinations.images[split].flatMap((combination) => {
        const tokens = captions.encode(captionOf(combination));
        return dataset.positions.map((position) => {
          return { combination, tokens, frames: places.rowsOf([imagePlace(combination, position)]) };
        });
      }),
      videos: dataset.combinations.videos[split].flatMap((combination) => {
        const tokens = captions.encode(captionOf(combination));
        return dataset.starts(combination.motion).map((start) => {
          return { combination, tokens, frames: places.rowsOf(videoPlaces(dataset, combination, start)) };
        });
      }),
    });
    const [train, heldOut] = [samplesOf("train"), samplesOf("heldOut")];
    const codes = await encodePlaces(dataset, places.places, model, { batch, progress, signal });
    return new CodeTable(
      {
        images: { train: train.images, heldOut: heldOut.images },
        videos: { train: train.videos, heldOut: heldOut.videos },
        frameGrid: codeGrid(model.config),
      },
      codes,
    );
  }

  /** Different pictures in the table. */
  get pictures(): number {
    return this.codes.length / tokenCount(this.frameGrid);
  }

  /** Codes of samples of one length, `[samples, frames * frameTokens]` in raster order. */
  codesOf(samples: readonly CodedSample[]): Int32Array {
    const frames = samples[0]?.frames.length ?? 0;
    const size = tokenCount(this.frameGrid);
    const codes = new Int32Array(samples.length * frames * size);
    let at = 0;
    for (const sample of samples) {
      for (const row of sample.frames) {
        codes.set(this.codes.subarray(row * size, (row + 1) * size), at);
        at += size;
      }
    }
    return codes;
  }
}

/** Different pictures in the order in which they first came. */
class PlaceList {
  readonly places: FramePlace[] = [];
  private readonly rows = new Map<string, number>();

  rowsOf(places: readonly FramePlace[]): Int32Array {
    return Int32Array.from(places, (place) => {
      const key = placeKey(place);
      const known = this.rows.get(key);
      if (known !== undefined) return known;
      this.rows.set(key, this.places.length);
      return this.places.push(place) - 1;
    });
  }
}

async function encodePlaces(
  dataset: MovingOpenMoji,
  places: readonly FramePlace[],
  model: VqModel,
  { batch, progress, signal }: { batch: number; progress?: Progress; signal?: AbortSignal },
): Promise<Int32Array> {
  const { size } = dataset.config;
  let all: Int32Array | undefined;
  progress?.setTotal(places.length);
  for (let first = 0; first < places.length; first += batch) {
    const part = places.slice(first, first + batch);
    const encoded = tf.tidy(() => {
      return model.encode(tf.tensor4d(placesPixels(dataset, part), [part.length, size, size, 3])).codes;
    });
    const codes = (await encoded.data()) as Int32Array;
    encoded.dispose();
    all ??= new Int32Array((codes.length / part.length) * places.length);
    all.set(codes, (codes.length / part.length) * first);
    progress?.update(first + part.length);
    await nextTurn(); // lets the events that abort run
    signal?.throwIfAborted();
  }
  return all ?? new Int32Array(0);
}
