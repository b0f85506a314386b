import { assertShape, checkHostTensors, type HostTensor, NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { fromTorch } from "../checkpoints/torch-layout.ts";
import type { FeatureNetwork } from "./perceptual.ts";

/** The convolutions' places in torchvision's `features`, by level; a maximum over 2×2 precedes each later level. */
const LEVELS = [
  [0, 2],
  [5, 7],
  [10, 12, 14],
  [17, 19, 21],
  [24, 26, 28],
];

// ImageNet's mean and deviation, of pixels in [−1, 1] as LPIPS has them: 2 · mean − 1 and 2 · deviation.
const SHIFT = [-0.03, -0.088, -0.188];
const SCALE = [0.458, 0.448, 0.45];

interface FrozenConv {
  /** `[3, 3, in, out]`. */
  readonly weight: tf.Tensor4D;
  readonly bias: tf.Tensor1D;
}

/**
 * The convolutions of VGG16 (arXiv 1409.1556), frozen, with the levels that LPIPS reads: relu1_2, relu2_2, relu3_3,
 * relu4_3 and relu5_3. The weights are the user's: a record of torchvision's `vgg16`, `features.N.weight`
 * `[out, in, 3, 3]` and `features.N.bias` `[out]`. Channels are those of the record (VGG16's own: 64, 128, 256, 512, 512).
 */
export class Vgg16Features implements FeatureNetwork {
  readonly name = "vgg16";
  /** Channels of each level. */
  readonly channels: readonly number[];
  readonly #levels: readonly (readonly FrozenConv[])[];

  /**
   * @param tensors may also hold the classifier, which is left aside
   * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key
   */
  constructor(tensors: Readonly<Record<string, HostTensor>>) {
    checkWeights(tensors);
    const conv = (index: number): FrozenConv =>
      tf.tidy(() => ({
        weight: tf.keep(fromTorch(hostTensor(tensors[`features.${index}.weight`]), 4) as tf.Tensor4D),
        bias: tf.keep(tf.clone(hostTensor(tensors[`features.${index}.bias`]) as tf.Tensor1D)),
      }));
    this.#levels = LEVELS.map((indices) => indices.map(conv));
    this.channels = this.#levels.map((convs) => convs[0].bias.size);
  }

  /**
   * Pixels `[b, H, W, 3]` in [−1, 1] -> `[b, ⌊H/2^l⌋, ⌊W/2^l⌋, channels[l]]` for l = 0 ... 4.
   *
   * @throws NuwaError `SHAPE`, also below 16 × 16 pixels
   */
  features(pixels: tf.Tensor4D): tf.Tensor4D[] {
    assertShape("Vgg16Features pixels", pixels, ["batch", "height", "width", 3]);
    if (Math.min(pixels.shape[1], pixels.shape[2]) < 16) {
      throw new NuwaError(
        "SHAPE",
        `Vgg16Features pixels: wanted at least 16 × 16 pixels, got ${pixels.shape[1]} × ${pixels.shape[2]}. Resize them.`,
      );
    }
    return tf.tidy(() => {
      let x = tf.div(tf.sub(pixels, tf.tensor1d(SHIFT)), tf.tensor1d(SCALE)) as tf.Tensor4D;
      return this.#levels.map((convs, level) => {
        if (level > 0) x = tf.maxPool(x, 2, 2, "valid"); // [b, h/2, w/2, c]
        for (const { weight, bias } of convs) x = tf.relu(tf.add(tf.conv2d(x, weight, 1, "same"), bias));
        return x; // [b, h, w, channels[level]]
      });
    });
  }

  dispose(): void {
    for (const convs of this.#levels) for (const { weight, bias } of convs) tf.dispose([weight, bias]);
  }
}

/** A level's channels are those of its first bias; a convolution reads what the one before writes. */
function checkWeights(tensors: Readonly<Record<string, HostTensor>>): void {
  const wanted: Record<string, { shape: number[]; size: number }> = {};
  let inChannels = 3;
  for (const indices of LEVELS) {
    const own = tensors[`features.${indices[0]}.bias`];
    const channels = own?.data.length ?? inChannels;
    for (const index of indices) {
      const shape = [channels, inChannels, 3, 3];
      wanted[`features.${index}.weight`] = { shape, size: channels * inChannels * 9 };
      wanted[`features.${index}.bias`] = { shape: [channels], size: channels };
      inChannels = channels;
    }
  }
  const given = Object.entries(tensors).filter(([key]) => !key.startsWith("classifier."));
  checkHostTensors("Vgg16Features", wanted, Object.fromEntries(given));
}

function hostTensor({ shape, data }: HostTensor): tf.Tensor {
  const values = data instanceof Float32Array ? data : Float32Array.from(data as ArrayLike<number>, Number);
  return tf.tensor(values, [...shape]);
}
