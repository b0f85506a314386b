import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqConfig } from "../config.ts";
import { reconstructionLoss } from "../loss.ts";
import { type AdversarialKind, generatorLoss } from "./adversarial.ts";
import { type FeatureNetwork, type PerceptualOptions, perceptualDistance } from "./perceptual.ts";

export interface PerceptualTerm extends PerceptualOptions {
  readonly network: FeatureNetwork;
  /** Default 1. */
  readonly weight?: number;
}

export interface AdversarialTerm {
  /** Such as a `PatchDiscriminator`. */
  readonly discriminator: { apply(pixels: tf.Tensor4D): tf.Tensor };
  readonly kind: AdversarialKind;
  /** λ times the schedule's weight. With the number 0 the discriminator is left out. */
  readonly weight: tf.Scalar | number;
}

export interface TokenizerLossInputs {
  /** `I`, `[b, H, W, C]` in [−1, 1]. */
  readonly pixels: tf.Tensor4D;
  /** `Î`, the decoder's output, of the same shape. */
  readonly decoded: tf.Tensor4D;
  /** Default `"l1+l2"`. */
  readonly reconstruction?: VqConfig["reconstruction"];
  /** What the quantizer adds: codebook and commitment terms. */
  readonly codebook?: tf.Scalar;
  readonly perceptual?: PerceptualTerm;
  readonly adversarial?: AdversarialTerm;
}

/** Scalars; terms that are left out are 0. The caller disposes them. */
export interface TokenizerLosses {
  /** `reconstruction + codebook + w · perceptual + weight · adversarial`, what encoder and decoder minimise. */
  readonly loss: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  readonly codebook: tf.Scalar;
  /** `L^P`, before its weight w. */
  readonly perceptual: tf.Scalar;
  /** The decoder's adversarial loss, before its weight. */
  readonly adversarial: tf.Scalar;
  readonly weight: tf.Scalar;
}

/**
 * What encoder and decoder of a VQ-GAN minimise: `L^V + w·L^P + λ·L_G` (arXiv 2012.09841). Differentiable in `decoded`
 * and `codebook`. Without `codebook` and `adversarial` it is the `L_rec` of `adaptiveWeight`.
 *
 * @throws NuwaError `SHAPE` when `pixels` and `decoded` differ in shape, or do not fit a network
 */
export function tokenizerLosses(inputs: TokenizerLossInputs): TokenizerLosses {
  const { pixels, decoded, reconstruction: kind = "l1+l2", perceptual, adversarial } = inputs;
  if (pixels.shape.join() !== decoded.shape.join()) {
    throw new NuwaError(
      "SHAPE",
      `tokenizerLosses: wanted decoded pixels [${pixels.shape.join(", ")}], got [${decoded.shape.join(", ")}].`,
    );
  }
  return tf.tidy(() => {
    const reconstruction = reconstructionLoss(decoded, pixels, kind);
    const codebook = inputs.codebook ? tf.clone(inputs.codebook) : tf.scalar(0);
    const ofPerceptual = perceptual
      ? tf.mean<tf.Scalar>(perceptualDistance(perceptual.network, decoded, pixels, perceptual))
      : tf.scalar(0);
    const felt = adversarial && adversarial.weight !== 0;
    const ofAdversarial = felt
      ? generatorLoss(adversarial.discriminator.apply(decoded), adversarial.kind)
      : tf.scalar(0);
    const given = adversarial?.weight ?? 0;
    const weight = typeof given === "number" ? tf.scalar(given) : tf.clone(given);
    const loss = tf.addN<tf.Scalar>([
      reconstruction,
      codebook,
      tf.mul(ofPerceptual, perceptual?.weight ?? 1),
      tf.mul(ofAdversarial, weight),
    ]);
    return {
      loss,
      reconstruction,
      codebook,
      perceptual: ofPerceptual,
      adversarial: ofAdversarial,
      weight,
    };
  });
}
