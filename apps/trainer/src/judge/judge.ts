import type { Vocabulary } from "@nuwa/data";
import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { pickFrames, spreadFrames } from "./frames.ts";
import type { JudgeNetwork } from "./network.ts";

/** Log-probabilities of what one image shows, in the order of the vocabulary. */
export interface ImageJudgement {
  readonly emojiLogProbs: Float32Array;
  readonly backgroundLogProbs: Float32Array;
}

/** The same for a video: emoji and background are means over its frames. */
export interface VideoJudgement extends ImageJudgement {
  readonly motionLogProbs: Float32Array;
}

/** Frames that go through the network at once. */
const chunk = 128;

/** Names the emoji, the background and the motion of pictures. Owns its network. */
export class Judge {
  readonly vocabulary: Vocabulary;
  readonly network: JudgeNetwork;

  constructor(vocabulary: Vocabulary, network: JudgeNetwork) {
    this.vocabulary = vocabulary;
    this.network = network;
  }

  /** @param pixels `[n, size, size, 3]` in [-1, 1] */
  async images(pixels: Float32Array): Promise<ImageJudgement[]> {
    const { size, emoji, backgrounds } = this.network.config;
    const frameLength = size * size * 3;
    wholeNumberOf("Judge.images: pixels", pixels.length, frameLength);
    const judgements: ImageJudgement[] = [];
    for (let first = 0; first < pixels.length; first += chunk * frameLength) {
      const part = pixels.subarray(first, first + chunk * frameLength);
      const logProbs = await read(() => {
        const logits = this.network.image(tf.tensor4d(part, [part.length / frameLength, size, size, 3]));
        return [tf.logSoftmax(logits.emoji), tf.logSoftmax(logits.background)];
      });
      for (let index = 0; index < part.length / frameLength; index++) {
        judgements.push({
          emojiLogProbs: row(logProbs[0], index, emoji),
          backgroundLogProbs: row(logProbs[1], index, backgrounds),
        });
      }
    }
    return judgements;
  }

  /**
   * @param pixels `[n, frames, size, size, 3]` in [-1, 1]
   * @param frames at least 2
   */
  async videos(pixels: Float32Array, frames: number): Promise<VideoJudgement[]> {
    const { size, motions, motionFrames } = this.network.config;
    const frameLength = size * size * 3;
    const count = wholeNumberOf("Judge.videos: pixels", pixels.length, frames * frameLength);
    if (frames < 2) throw new NuwaError("INPUT", `Judge.videos: wanted at least 2 frames, got ${frames}.`);
    const images = await this.images(pixels);
    const indices = spreadFrames(0, frames - 1, motionFrames);
    const judgements: VideoJudgement[] = [];
    for (let index = 0; index < count; index++) {
      const video = pixels.subarray(index * frames * frameLength, (index + 1) * frames * frameLength);
      const clip = pickFrames(video, frameLength, indices);
      const [logProbs] = await read(() => [
        tf.logSoftmax(this.network.clip(tf.tensor4d(clip, [motionFrames, size, size, 3]))),
      ]);
      const own = images.slice(index * frames, (index + 1) * frames);
      judgements.push({
        emojiLogProbs: mean(own.map(({ emojiLogProbs }) => emojiLogProbs)),
        backgroundLogProbs: mean(own.map(({ backgroundLogProbs }) => backgroundLogProbs)),
        motionLogProbs: row(logProbs, 0, motions),
      });
    }
    return judgements;
  }

  dispose(): void {
    this.network.dispose();
  }
}

/** The index of the largest value, the first of equal ones. */
export function likeliest(logProbs: Float32Array): number {
  return logProbs.reduce((best, value, index) => (value > logProbs[best] ? index : best), 0);
}

function wholeNumberOf(what: string, length: number, unit: number): number {
  if (length % unit === 0) return length / unit;
  throw new NuwaError("SHAPE", `${what}: wanted a multiple of ${unit} values, got ${length}.`);
}

async function read(compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  const tensors = tf.tidy(compute);
  try {
    return await Promise.all(tensors.map((tensor) => tensor.data<"float32">()));
  } finally {
    tf.dispose(tensors);
  }
}

function row(values: Float32Array, index: number, length: number): Float32Array {
  return values.slice(index * length, (index + 1) * length);
}

function mean(rows: readonly Float32Array[]): Float32Array {
  return rows[0].map((_, place) => rows.reduce((sum, values) => sum + values[place], 0) / rows.length);
}
