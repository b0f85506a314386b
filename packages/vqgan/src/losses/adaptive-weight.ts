import { NuwaError, valueAndGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

export interface AdaptiveWeightInputs {
  /** `L_rec`, the perceptual term included, as a function of `last`. */
  readonly reconstruction: () => tf.Scalar;
  /** `L_G`, the decoder's adversarial loss without any weight, as a function of `last`. */
  readonly adversarial: () => tf.Scalar;
  /** The weight of the decoder's last layer. */
  readonly last: tf.Variable;
}

export interface AdaptiveWeightOptions {
  /** δ. Default 1e-6. */
  readonly delta?: number;
  /** λ is at most this. Default 1e4. */
  readonly max?: number;
}

/**
 * `λ = ‖∇_last L_rec‖ / (‖∇_last L_G‖ + δ)`, at most `max`: scales the adversarial loss so that both losses pull equally
 * hard at the decoder's last layer (arXiv 2012.09841, equation 7). A constant for later gradients; nothing is read
 * back. Runs each closure once, forward and backward: let them start at the last layer's input, computed before.
 *
 * Compute it before the step's own gradients, not within them.
 *
 * @returns λ; the caller disposes it
 * @throws NuwaError `INPUT` within a gradient computation, or when a loss does not depend on `last`
 */
export function adaptiveWeight(
  { reconstruction, adversarial, last }: AdaptiveWeightInputs,
  { delta = 1e-6, max = 1e4 }: AdaptiveWeightOptions = {},
): tf.Scalar {
  if (tf.engine().state.gradientDepth > 0) {
    throw new NuwaError(
      "INPUT",
      "adaptiveWeight: called while other gradients are computed, whose tape it would disturb. " +
        "Compute it before, and use its result as a constant.",
    );
  }
  const gradientNorm = (loss: () => tf.Scalar) =>
    tf.tidy(() => {
      const { gradients } = valueAndGradients(() => ({ loss: loss() }), { last });
      return tf.sqrt(tf.sum(tf.square(gradients.last)));
    });
  return tf.tidy(() => {
    const ratio = tf.div(gradientNorm(reconstruction), tf.add(gradientNorm(adversarial), delta));
    return tf.minimum(ratio, max) as tf.Scalar;
  });
}
