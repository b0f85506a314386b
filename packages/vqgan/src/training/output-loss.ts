import { valueAndGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqInput } from "../input.ts";
import { adaptiveWeight } from "../losses/adaptive-weight.ts";
import { type AdversarialKind, generatorLoss } from "../losses/adversarial.ts";
import { perceptualDistance } from "../losses/perceptual.ts";
import type { PerceptualTerm } from "../losses/tokenizer-losses.ts";
import type { VqModel } from "../model.ts";

export interface AdversarialPull {
  readonly discriminator: { apply(pixels: tf.Tensor4D): tf.Tensor };
  readonly kind: AdversarialKind;
  readonly weight: number | tf.Scalar;
  /** Whether λ multiplies the weight. */
  readonly adaptive: boolean;
}

/** What is asked of the decoder's output. */
export interface OutputAims {
  readonly target: VqInput;
  readonly perceptual?: PerceptualTerm;
  readonly adversarial?: AdversarialPull;
}

/** Terms that are not asked for are absent. */
export type OutputLoss = {
  /** `reconstruction + w · perceptual + weight · adversarial`. */
  readonly loss: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  /** `L^P`, before its weight. */
  readonly perceptual?: tf.Scalar;
  /** The decoder's adversarial loss, before its weight. */
  readonly adversarial?: tf.Scalar;
  /** λ times the schedule's weight. */
  readonly adversarialWeight?: tf.Scalar;
  /** Of `loss` with respect to the output. */
  readonly gradient: tf.Tensor4D;
};

/**
 * The loss of the decoder's output and its gradient with respect to that output. Each term is differentiated once: λ
 * needs the gradients of the terms apart, and both lengths at the last layer follow from them.
 */
export function outputLoss(
  model: VqModel,
  features: tf.Tensor4D,
  decoded: tf.Tensor4D,
  { target, perceptual, adversarial }: OutputAims,
): OutputLoss {
  return tf.tidy(() => {
    const likeness = likenessLoss(model, decoded, target, perceptual);
    if (!adversarial) return likeness;
    const { discriminator, kind, adaptive } = adversarial;
    const { value, gradients } = valueAndGradients(
      () => ({ loss: generatorLoss(discriminator.apply(decoded), kind) }),
      { decoded },
    );
    /** A loss of the last layer's weight that has there the gradient which the output's gradient gives. */
    const along = (gradient: tf.Tensor) => () =>
      tf.sum<tf.Scalar>(tf.mul(model.decoder.last(features), gradient));
    const scale = adaptive
      ? adaptiveWeight({
          reconstruction: along(likeness.gradient),
          adversarial: along(gradients.decoded),
          last: model.decoder.lastLayer.weight,
        })
      : tf.scalar(1);
    const adversarialWeight = tf.mul<tf.Scalar>(scale, adversarial.weight);
    return {
      ...likeness,
      loss: tf.add<tf.Scalar>(likeness.loss, tf.mul(adversarialWeight, value.loss)),
      adversarial: value.loss,
      adversarialWeight,
      gradient: tf.add<tf.Tensor4D>(likeness.gradient, tf.mul(adversarialWeight, gradients.decoded)),
    };
  });
}

/** Reconstruction and looks. */
function likenessLoss(
  model: VqModel,
  decoded: tf.Tensor4D,
  target: VqInput,
  perceptual: PerceptualTerm | undefined,
): OutputLoss {
  const { value, gradients } = valueAndGradients(
    (): { loss: tf.Scalar; reconstruction: tf.Scalar; perceptual?: tf.Scalar } => {
      const reconstruction = model.reconstructionLoss(decoded, target);
      if (!perceptual) return { loss: tf.clone(reconstruction), reconstruction };
      const { network, weight = 1 } = perceptual;
      const distances = perceptualDistance(network, decoded, target as tf.Tensor4D, perceptual);
      const looks = tf.mean<tf.Scalar>(distances);
      return { loss: tf.add(reconstruction, tf.mul(looks, weight)), reconstruction, perceptual: looks };
    },
    { decoded },
  );
  return { ...value, gradient: gradients.decoded as tf.Tensor4D };
}
