import * as tf from "@tensorflow/tfjs-core";

/** Added to the score of a pair that is not attended. */
const MASKED = -1e9;

/**
 * Full causal attention by dense products: the queries are cut into strips, each of which attends the keys up to its end,
 * so that most pairs that causality drops are not computed. Differentiable to first order.
 *
 * @param inputs query, key, value `[matrices, tokens, headDim]`
 * @param size of a strip; divides the tokens
 * @returns `[matrices, tokens, headDim]`
 */
export function stripAttention(inputs, size) {
  const [matrices, tokens, headDim] = inputs[0].shape;
  const scale = headDim ** -0.5;
  const ends = Array.from({ length: tokens / size }, (_, index) => (index + 1) * size);
  const rows = (x, begin, end) => tf.slice(x, [0, begin, 0], [matrices, end - begin, headDim]);
  const run = tf.customGrad((q, k, v, save) => {
    const scaled = tf.mul(q, scale);
    const mask = causalMask(size);
    const strips = ends.map((end) => {
      const scores = tf.matMul(rows(scaled, end - size, end), rows(k, 0, end), false, true);
      const weights = tf.softmax(tf.add(scores, paddedMask(mask, end))); // [matrices, size, end]
      return { weights, y: tf.matMul(weights, rows(v, 0, end)) };
    });
    const y = tf.concat(
      strips.map((strip) => strip.y),
      1,
    );
    save([scaled, k, v, y, ...strips.map(({ weights }) => weights)]);
    return { value: y, gradFunc: (dy, saved) => gradients(dy, saved) };
  });
  return run(...inputs);

  function gradients(dy, [scaled, k, v, y, ...weights]) {
    return tf.tidy(() => {
      // The softmax's inner sum over the keys equals dy . y: a sum over headDim instead.
      const inner = tf.sum(tf.mul(dy, y), 2, true); // [matrices, tokens, 1]
      const parts = ends.map((end, index) => {
        const begin = end - size;
        const own = rows(dy, begin, end);
        const dWeights = tf.matMul(own, rows(v, 0, end), false, true); // [matrices, size, end]
        const dScores = tf.mul(
          weights[index],
          tf.sub(dWeights, tf.slice(inner, [0, begin, 0], [matrices, size, 1])),
        );
        const rest = [
          [0, 0],
          [0, tokens - end],
          [0, 0],
        ];
        return {
          dq: tf.matMul(dScores, rows(k, 0, end)),
          dk: tf.pad(tf.matMul(dScores, rows(scaled, begin, end), true, false), rest),
          dv: tf.pad(tf.matMul(weights[index], own, true, false), rest),
        };
      });
      const dq = tf.concat(
        parts.map((part) => part.dq),
        1,
      );
      return [tf.mul(dq, scale), tf.addN(parts.map(({ dk }) => dk)), tf.addN(parts.map(({ dv }) => dv))];
    });
  }
}

/** `[size, size]`: MASKED above the diagonal. */
function causalMask(size) {
  const values = Float32Array.from({ length: size * size }, (_, place) =>
    place % size > Math.floor(place / size) ? MASKED : 0,
  );
  return tf.tensor2d(values, [size, size]);
}

/** `[size, end]`: the strip's own keys are its last. */
function paddedMask(mask, end) {
  const [size] = mask.shape;
  return tf.pad(mask, [
    [0, 0],
    [end - size, 0],
  ]);
}
