import {
  type ImageCombination,
  type MovingOpenMoji,
  motionPath,
  type OpenMojiSample,
  type Pose,
  type Position,
  type Split,
  type VideoCombination,
} from "@nuwa/data";
import type { Rng } from "@nuwa/tensor3d";

/** One picture: an image, or a frame of a video. */
export interface FramePlace {
  readonly combination: ImageCombination;
  readonly pose: Pose;
  /** The video that the frame is of; absent where an image with this pose is the same picture. */
  readonly video?: {
    readonly combination: VideoCombination;
    readonly start: Position;
    readonly frame: number;
  };
}

/** The picture of an image whose sprite lies at `position`. */
export function imagePlace(combination: ImageCombination, position: Position): FramePlace {
  return { combination, pose: { row: position.row, column: position.column, scale: 1, angle: 0 } };
}

/** The pictures of a video's frames. Upright sprites of full size look as they do in images. */
export function videoPlaces(
  dataset: MovingOpenMoji,
  combination: VideoCombination,
  start: Position,
): FramePlace[] {
  const { emoji, background, motion } = combination;
  return motionPath(motion, start, dataset.config).map((pose, frame) => {
    const plain = pose.scale === 1 && pose.angle === 0;
    return {
      combination: { emoji, background },
      pose,
      video: plain ? undefined : { combination, start, frame },
    };
  });
}

/** Equal for places that look the same. */
export function placeKey({ combination: { emoji, background }, pose }: FramePlace): string {
  return `${emoji}/${background}/${pose.row}/${pose.column}/${pose.scale}/${pose.angle}`;
}

/** A picture with its line art and segmentation. */
export function placeSample(
  dataset: MovingOpenMoji,
  { combination, pose, video }: FramePlace,
): OpenMojiSample {
  if (!video) return dataset.drawImage({ ...combination, position: pose });
  const sample = dataset.drawVideo({ ...video.combination, start: video.start });
  const [from, to] = [video.frame, video.frame + 1].map((frame) => frame * sample.size ** 2);
  return {
    ...sample,
    frames: 1,
    pixels: sample.pixels.subarray(from * 3, to * 3),
    sketch: sample.sketch.subarray(from, to),
    segmentation: sample.segmentation.subarray(from, to),
  };
}

/** Pixels of a picture, `[size, size, 3]` in [-1, 1]. */
export const placePixels = (dataset: MovingOpenMoji, place: FramePlace): Float32Array =>
  placeSample(dataset, place).pixels;

/** A picture drawn at random: an image of the split, or with probability `frameShare` a frame of a video. */
export function drawPlace(dataset: MovingOpenMoji, split: Split, frameShare: number, rng: Rng): FramePlace {
  const pick = <Item>(items: readonly Item[]): Item => items[rng.integers(1, items.length)[0]];
  const { images, videos } = dataset.combinations;
  if (videos[split].length === 0 || rng.uniform(1)[0] >= frameShare) {
    return imagePlace(pick(images[split]), pick(dataset.positions));
  }
  const combination = pick(videos[split]);
  return pick(videoPlaces(dataset, combination, pick(dataset.starts(combination.motion))));
}

/** Pictures one after another: `[places, size, size, 3]`. */
export function placesPixels(dataset: MovingOpenMoji, places: readonly FramePlace[]): Float32Array {
  const frame = dataset.config.size ** 2 * 3;
  const pixels = new Float32Array(places.length * frame);
  for (const [index, place] of places.entries()) pixels.set(placePixels(dataset, place), index * frame);
  return pixels;
}
