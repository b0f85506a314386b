import { assertShape, NuwaError, sparseCrossEntropy } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

/**
 * Cross-entropy of class maps, for tokenizers of segmentations and sketches (VQ-GAN-Seg):
 * `mean over pixels of logsumexp(logits) − logits[class]`, in nats. Its gradient with respect to the logits is
 * `(softmax − onehot) / pixels`.
 *
 * @param logits `[b, H, W, classes]`
 * @param classes int32 `[b, H, W]`, from 0 to classes − 1
 * @param options `checkRange`: read the classes back and refuse those out of range, which make the loss NaN otherwise.
 *   Default: true, but on WebGPU, which cannot do that at once
 * @throws NuwaError `SHAPE`; `INPUT` where classes are not int32, or, checked, out of range
 */
export function classMapLoss(
  logits: tf.Tensor4D,
  classes: tf.Tensor3D,
  { checkRange = tf.getBackend() !== "webgpu" }: { checkRange?: boolean } = {},
): tf.Scalar {
  assertShape("classMapLoss logits", logits, ["batch", "height", "width", "classes"]);
  const [batch, height, width, count] = logits.shape;
  assertShape("classMapLoss classes", classes, [batch, height, width]);
  if (classes.dtype !== "int32") {
    throw new NuwaError(
      "INPUT",
      `classMapLoss classes: wanted int32, got ${classes.dtype}. Cast them with tf.cast.`,
    );
  }
  if (checkRange) refuseOutOfRange(classes, count);
  return tf.tidy(() => {
    const rows = tf.reshape(logits, [-1, count]); // [b·H·W, classes]
    const labels = tf.reshape(classes, [-1]);
    const inRange = tf.minimum(tf.maximum(labels, tf.scalar(0, "int32")), tf.scalar(count - 1, "int32"));
    const weights = tf.where(tf.equal(labels, inRange), tf.ones([labels.size]), tf.fill([labels.size], NaN));
    return tf.mean(sparseCrossEntropy(rows, inRange, weights)) as tf.Scalar;
  });
}

function refuseOutOfRange(classes: tf.Tensor, count: number): void {
  const [lowest, highest] = tf.tidy(() => [tf.min(classes).dataSync()[0], tf.max(classes).dataSync()[0]]);
  if (lowest >= 0 && highest < count) return;
  throw new NuwaError(
    "INPUT",
    `classMapLoss classes: wanted indices from 0 to ${count - 1}, got ${lowest < 0 ? lowest : highest}. ` +
      "Map the classes of the data to those of the model, or give the model more.",
  );
}
