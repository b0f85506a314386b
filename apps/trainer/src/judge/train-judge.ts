import type { MovingOpenMoji } from "@nuwa/data";
import {
  AdamW,
  cosineSchedule,
  NuwaError,
  namedParams,
  type Rng,
  sparseCrossEntropy,
  valueAndGradients,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { repaintBackground, spoil } from "./augment.ts";
import { pickFrames, spreadFrames } from "./frames.ts";
import { Judge } from "./judge.ts";
import { JudgeNetwork } from "./network.ts";
import { drawItems, renderImage, renderVideo } from "./renderings.ts";

export interface JudgeTraining {
  readonly rng: Rng;
  /** Default 300. */
  readonly steps?: number;
  /** Images of a step. Default 48. */
  readonly images?: number;
  /** Clips of a step. Default 12. */
  readonly clips?: number;
  /** Called after every tenth step and the last one. */
  readonly onProgress?: (progress: { step: number; steps: number; loss: number }) => void;
}

/** Frames that the motion classifier sees. */
const motionFrames = 6;

/** Share of the images whose background gets a random colour: without it emoji are known on trained ones only. */
const repaintedShare = 0.6;

const peakLearningRate = 3e-3;
const reportEvery = 10;

/**
 * Trains a classifier of emoji, backgrounds and motions on renderings of the dataset's training combinations
 * only: at any pixel position but the unseen ones, spoilt as a tokenizer would. It sees nothing generated.
 *
 * @returns a judge that the caller disposes
 * @throws NuwaError `CONFIG` when frames are no multiple of 16 pixels or a video has only one frame
 */
export async function trainJudge(dataset: MovingOpenMoji, training: JudgeTraining): Promise<Judge> {
  const { size, frames } = dataset.config;
  const { rng, steps = 300, images = 48, clips = 12, onProgress } = training;
  if (size % 16 !== 0 || frames < 2) {
    throw new NuwaError(
      "CONFIG",
      `trainJudge: wanted frames of a multiple of 16 pixels and videos of at least 2 frames, got ${size} pixels ` +
        `and ${frames} frames. Change size or frames of the data.`,
    );
  }
  const network = new JudgeNetwork(
    {
      size,
      emoji: dataset.emoji.length,
      backgrounds: dataset.backgrounds.length,
      motions: dataset.motions.length,
      motionFrames,
    },
    rng.fork("network"),
  );
  const params = namedParams(network);
  const optimizer = new AdamW(params, { beta2: 0.99, weightDecay: 0.05, clipNorm: 1 });
  const warmupSteps = Math.min(20, steps - 1);
  const schedule = cosineSchedule({ peak: peakLearningRate, warmupSteps, totalSteps: steps });
  try {
    for (let step = 0; step < steps; step++) {
      const batchRng = rng.fork("batch", step);
      const imageBatch = drawImageBatch(dataset, images, batchRng);
      const clipBatch = drawClipBatch(dataset, clips, batchRng);
      const loss = tf.tidy(() => {
        const { value, gradients } = valueAndGradients(
          () => ({ loss: judgeLoss(network, imageBatch, clipBatch) }),
          params,
        );
        optimizer.step(gradients, schedule(step));
        return value.loss;
      });
      const done = step + 1;
      if (onProgress && (done % reportEvery === 0 || done === steps)) {
        onProgress({ step: done, steps, loss: (await loss.data())[0] });
      }
      loss.dispose();
    }
  } catch (error) {
    network.dispose();
    throw error;
  } finally {
    optimizer.dispose();
  }
  return new Judge(dataset, network);
}

interface ImageBatch {
  readonly pixels: Float32Array;
  readonly emoji: Int32Array;
  readonly backgrounds: Int32Array;
  /** 0 where the background was repainted, else 1. */
  readonly backgroundWeights: Float32Array;
}

interface ClipBatch {
  readonly pixels: Float32Array;
  readonly motions: Int32Array;
}

/** The sum of the mean cross-entropies of the three heads. */
function judgeLoss(network: JudgeNetwork, images: ImageBatch, clips: ClipBatch): tf.Scalar {
  const { size } = network.config;
  const image = network.image(tf.tensor4d(images.pixels, [images.emoji.length, size, size, 3]));
  const clip = network.clip(tf.tensor4d(clips.pixels, [clips.motions.length * motionFrames, size, size, 3]));
  const losses = [
    sparseCrossEntropy(image.emoji, tf.tensor1d(images.emoji, "int32")),
    sparseCrossEntropy(
      image.background,
      tf.tensor1d(images.backgrounds, "int32"),
      tf.tensor1d(images.backgroundWeights),
    ),
    sparseCrossEntropy(clip, tf.tensor1d(clips.motions, "int32")),
  ];
  return tf.addN(losses.map((values) => tf.mean(values))) as tf.Scalar;
}

function drawImageBatch(dataset: MovingOpenMoji, count: number, rng: Rng): ImageBatch {
  const { size } = dataset.config;
  const combinations = drawItems(dataset.combinations.images.train, count, rng);
  const repainted = Math.floor(count * repaintedShare);
  const pixels = new Float32Array(count * size * size * 3);
  combinations.forEach((combination, index) => {
    const image = renderImage(dataset, combination, rng, { unseen: false });
    if (index < repainted) repaintBackground(image.pixels, image.segmentation, rng);
    spoil(image.pixels, size, rng);
    pixels.set(image.pixels, index * image.pixels.length);
  });
  return {
    pixels,
    emoji: Int32Array.from(combinations, ({ emoji }) => dataset.emoji.indexOf(emoji)),
    backgrounds: Int32Array.from(combinations, ({ background }) => dataset.backgrounds.indexOf(background)),
    backgroundWeights: Float32Array.from(combinations, (_, index) => (index < repainted ? 0 : 1)),
  };
}

/** Clips from any part of a video, so that the motion is known from a continuation's few frames too. */
function drawClipBatch(dataset: MovingOpenMoji, count: number, rng: Rng): ClipBatch {
  const { size, frames } = dataset.config;
  const frameLength = size * size * 3;
  const combinations = drawItems(dataset.combinations.videos.train, count, rng);
  const pixels = new Float32Array(count * motionFrames * frameLength);
  combinations.forEach((combination, index) => {
    const length = 2 + rng.integers(1, frames - 1)[0];
    const first = rng.integers(1, frames - length + 1)[0];
    const indices = spreadFrames(first, first + length - 1, motionFrames);
    const clip = pickFrames(renderVideo(dataset, combination, rng).pixels, frameLength, indices);
    spoil(clip, size, rng);
    pixels.set(clip, index * clip.length);
  });
  return { pixels, motions: Int32Array.from(combinations, ({ motion }) => dataset.motions.indexOf(motion)) };
}
