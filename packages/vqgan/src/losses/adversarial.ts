import * as tf from "@tensorflow/tfjs-core";

/** `hinge`, or `log`, that of the NÜWA paper. */
export type AdversarialKind = "hinge" | "log";

export interface DiscriminatorLosses {
  /** What the discriminator minimises: real + fake. */
  readonly loss: tf.Scalar;
  /** The term of real pictures. */
  readonly real: tf.Scalar;
  /** The term of decoded pictures. */
  readonly fake: tf.Scalar;
}

/**
 * What the discriminator D minimises, averaged over all logits.
 *
 * `hinge`: `½ max(0, 1 − D(I)) + ½ max(0, 1 + D(Î))` (arXiv 1705.02894).
 * `log`: `−L^G = −log σ(D(I)) − log(1 − σ(D(Î)))`, that is `softplus(−D(I)) + softplus(D(Î))` (arXiv 2111.12417, with D
 * the logit).
 *
 * Results belong to the caller.
 *
 * @param real logits of pictures, of any shape
 * @param fake logits of decoded pictures, computed from pixels that carry no gradient into the decoder
 */
export function discriminatorLoss(
  real: tf.Tensor,
  fake: tf.Tensor,
  kind: AdversarialKind,
): DiscriminatorLosses {
  return tf.tidy(() => {
    const term = (signed: tf.Tensor) =>
      kind === "hinge" ? tf.mul(tf.mean(tf.relu(tf.sub(1, signed))), 0.5) : tf.mean(softplus(tf.neg(signed)));
    const ofReal = term(real) as tf.Scalar;
    const ofFake = term(tf.neg(fake)) as tf.Scalar;
    return { loss: tf.add(ofReal, ofFake) as tf.Scalar, real: ofReal, fake: ofFake };
  });
}

/**
 * What the decoder minimises to pass for real, averaged over all logits: `hinge` has `−D(Î)`; `log` has
 * `−log σ(D(Î)) = softplus(−D(Î))`, whose gradient does not vanish where the discriminator is sure (arXiv 1406.2661,
 * section 3), instead of `log(1 − σ(D(Î)))`.
 *
 * @param fake logits of decoded pictures, of any shape
 */
export function generatorLoss(fake: tf.Tensor, kind: AdversarialKind): tf.Scalar {
  return tf.tidy(() => {
    const signed = tf.neg(fake);
    return tf.mean(kind === "hinge" ? signed : softplus(signed)) as tf.Scalar;
  });
}

/** `log(1 + e^x)`, exact at both ends: tfjs's own kernels take the logarithm of a sum that rounds to 1. */
function softplus(x: tf.Tensor): tf.Tensor {
  const run = tf.customGrad((...inputs) => {
    const value = inputs[0] as tf.Tensor;
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    save([value]);
    return {
      value: tf.add(tf.relu(value), tf.log1p(tf.exp(tf.neg(tf.abs(value))))),
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.mul(dy, tf.sigmoid(saved[0])),
    };
  });
  return run(x);
}
