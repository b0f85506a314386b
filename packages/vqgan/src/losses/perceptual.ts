import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/** A frozen network whose inner features say how alike pictures look. */
export interface FeatureNetwork {
  readonly name: string;
  /** Pixels `[b, H, W, C]` in [−1, 1] -> features `[b, h_l, w_l, c_l]` of each level l; the caller owns them. */
  features(pixels: tf.Tensor4D): tf.Tensor[];
}

export interface PerceptualOptions {
  /** Non-negative weights `[c_l]` of each level's channels (see `lpipsHeads`). Default: all 1. */
  readonly heads?: readonly tf.Tensor1D[];
  /** Whether features are divided by their length across channels. Default true. */
  readonly normalise?: boolean;
}

/** Added to lengths, as in LPIPS. */
const EPSILON = 1e-10;

/**
 * How different pictures look (LPIPS, arXiv 1801.03924):
 * `d = Σ_l 1/(h_l w_l) Σ_hw Σ_c head_lc (ŷ_l − ŷ'_l)²`, with ŷ the features over their length across channels. `L^P` is
 * its mean over the batch. With `normalise: false` ŷ are the features themselves, as in the `L^P = ‖CNN(I) − CNN(Î)‖²` of
 * arXiv 2111.12417, averaged over positions.
 *
 * The gradient goes to `actual` only. Where all channels of a position are 0, it is 0.
 *
 * @param actual decoded pixels `[b, H, W, C]` in [−1, 1]
 * @param expected pixels of the same shape
 * @returns `[b]`
 * @throws NuwaError `SHAPE` when the pictures, or heads and features, do not fit
 */
export function perceptualDistance(
  network: FeatureNetwork,
  actual: tf.Tensor4D,
  expected: tf.Tensor4D,
  { heads, normalise = true }: PerceptualOptions = {},
): tf.Tensor1D {
  if (actual.rank !== 4 || actual.shape.join() !== expected.shape.join()) {
    throw new NuwaError(
      "SHAPE",
      `perceptualDistance: wanted pixels [batch, height, width, channels] of one shape, ` +
        `got [${actual.shape.join(", ")}] and [${expected.shape.join(", ")}].`,
    );
  }
  const scaled = normalise ? unitChannels : (level: tf.Tensor) => level;
  return tf.tidy(() => {
    const wanted = featuresOffTape(network, expected, scaled);
    try {
      const features = network.features(actual);
      checkHeads(network, features, heads);
      const distances = features.map((level, index) => {
        const squared = tf.square(tf.sub(scaled(level), wanted[index]));
        const means = tf.mean(squared, [1, 2]); // [b, c]
        if (!heads) return tf.sum(means, 1); // [b]
        return tf.reshape(tf.matMul(means as tf.Tensor2D, tf.reshape(heads[index], [-1, 1])), [-1]); // [b]
      });
      return tf.addN(distances) as tf.Tensor1D;
    } finally {
      tf.dispose(wanted);
    }
  });
}

/** Off the tape, which would keep every layer's results for a gradient that nobody asks for. */
function featuresOffTape(
  network: FeatureNetwork,
  pixels: tf.Tensor4D,
  scaled: (level: tf.Tensor) => tf.Tensor,
): tf.Tensor[] {
  let kept: tf.Tensor[] = [];
  const run = tf.customGrad((...inputs) => {
    const features = network.features(inputs[0] as tf.Tensor4D);
    kept = features.map((level) => tf.keep(scaled(level)));
    return { value: tf.scalar(0), gradFunc: () => tf.zerosLike(pixels) };
  });
  run(pixels).dispose();
  return kept;
}

/** `x / (‖x‖ + ε)` over the last axis. */
function unitChannels(x: tf.Tensor): tf.Tensor {
  const run = tf.customGrad((...inputs) => {
    const value = inputs[0] as tf.Tensor;
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    const length = tf.sqrt(tf.sum(tf.square(value), -1, true)); // [..., 1]
    const unit = tf.div(value, tf.add(length, EPSILON));
    save([unit, length]);
    return { value: unit, gradFunc: unitChannelsGradient };
  });
  return run(x);
}

/** With y = x / (n + ε): dx = dy / (n + ε) − y Σ(dy y) / n. */
function unitChannelsGradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor {
  const [unit, length] = saved;
  const along = tf.div(tf.sum(tf.mul(dy, unit), -1, true), tf.maximum(length, 1e-30)); // [..., 1]
  const dx = tf.sub(tf.div(dy, tf.add(length, EPSILON)), tf.mul(unit, along));
  return tf.mul(dx, tf.cast(tf.greater(length, 0), "float32"));
}

function checkHeads(
  network: FeatureNetwork,
  features: readonly tf.Tensor[],
  heads: readonly tf.Tensor1D[] | undefined,
): void {
  if (!heads) return;
  const wanted = features.map((level) => level.shape[level.rank - 1]);
  const got = heads.map((head) => head.size);
  if (wanted.join() === got.join()) return;
  throw new NuwaError(
    "SHAPE",
    `perceptualDistance: ${network.name} gives levels of ${wanted.join(", ")} channels, ` +
      `the heads are for ${got.join(", ")}. Use the heads that were trained for this network.`,
  );
}
