import * as tf from "@tensorflow/tfjs-core";

/** Runs `body` and fails when it leaves more or fewer tensors than there were before. */
export async function expectNoLeak(body: () => void | Promise<void>): Promise<void> {
  const before = tf.memory().numTensors;
  await body();
  const left = tf.memory().numTensors - before;
  if (left !== 0) throw new Error(`expectNoLeak: ${left} tensors more than before.`);
}
