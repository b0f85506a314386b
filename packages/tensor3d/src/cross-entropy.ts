import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { assertShape } from "./shape.ts";

/**
 * `logsumexp(logits) - logits[label]` of each row, in nats, times its weight if there are weights.
 * Its gradient with respect to the logits is `softmax - onehot`.
 *
 * @param logits `[n, classes]`
 * @param labels int32 `[n]`, from 0 to `classes - 1`; not checked, since that would read them back
 * @param weights float32 `[n]`
 * @returns `[n]`
 * @throws NuwaError `SHAPE`, or `INPUT` when the labels are not int32
 */
export function sparseCrossEntropy(logits: tf.Tensor, labels: tf.Tensor, weights?: tf.Tensor): tf.Tensor1D {
  assertShape("sparseCrossEntropy logits", logits, ["n", "classes"]);
  const [n, classes] = logits.shape;
  assertShape("sparseCrossEntropy labels", labels, [n]);
  if (weights) assertShape("sparseCrossEntropy weights", weights, [n]);
  if (labels.dtype !== "int32") {
    throw new NuwaError(
      "INPUT",
      `sparseCrossEntropy labels: wanted int32, got ${labels.dtype}. Cast them with tf.cast.`,
    );
  }
  return tf.tidy(() => {
    const losses = tf.customGrad((...inputs) => {
      const rows = inputs[0] as tf.Tensor;
      const save = inputs[1] as unknown as tf.GradSaveFunc;
      const shifted = tf.sub(rows, tf.max(rows, 1, true));
      const exponentials = tf.exp(shifted);
      const sums = tf.sum(exponentials, 1); // [n]
      const places = tf.add(tf.range(0, n * classes, classes, "int32"), labels); // [n]
      const own = tf.gather(tf.reshape(shifted, [-1]), places); // [n]
      save([exponentials, sums, labels]);
      const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
        tf.tidy(() => {
          const softmax = tf.div(saved[0], tf.reshape(saved[1], [n, 1]));
          const difference = tf.sub(softmax, tf.oneHot(saved[2] as tf.Tensor1D, classes, 1, 0, "float32"));
          return tf.mul(difference, tf.reshape(dy, [n, 1]));
        });
      return { value: tf.sub(tf.log(sums), own), gradFunc };
    })(logits);
    return (weights ? tf.mul(losses, weights) : losses) as tf.Tensor1D;
  });
}
