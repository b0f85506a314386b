import * as tf from "@tensorflow/tfjs-core";

/**
 * The value of `quantized` with the gradient of `latents`.
 *
 * @param latents `[..., dim]`
 * @param quantized the same shape; receives no gradient
 */
export function straightThrough(latents: tf.Tensor, quantized: tf.Tensor): tf.Tensor {
  const pass = tf.customGrad((_latents) => ({
    value: tf.clone(quantized),
    gradFunc: (gradient: tf.Tensor) => gradient,
  }));
  return pass(latents);
}

/**
 * Evaluates `f(x)` off the gradient tape, so that steps without a gradient (argMin) may stand between
 * differentiable ones. The result is kept: the caller disposes it, also inside `tf.tidy`.
 */
export function offTape(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  let kept: tf.Tensor | undefined;
  const run = tf.customGrad((input) => {
    kept = tf.keep(f(input as tf.Tensor));
    return { value: tf.scalar(0), gradFunc: () => tf.zerosLike(x) };
  });
  run(x).dispose();
  return kept!;
}

/** `sg[f(x)]`: as `offTape`, but the result belongs to the surrounding tidy like any other. */
export function stopGradient(x: tf.Tensor, f: (x: tf.Tensor) => tf.Tensor = tf.clone): tf.Tensor {
  const kept = offTape(x, f);
  const value = tf.clone(kept);
  kept.dispose();
  return value;
}
