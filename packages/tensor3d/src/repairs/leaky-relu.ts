import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "../fused-kernel.ts";

/** tfjs-core's, `dy * step(x)`, in one pass where the backend can. */
export const leakyReluGradient: tf.GradConfig = {
  kernelName: tf.LeakyRelu,
  inputsToSave: ["x"],
  gradFunc: (upstream, [x], attributes) => {
    const { alpha } = attributes as unknown as { alpha: number };
    const dy = upstream as tf.Tensor;
    return { x: () => runFused("leakyReluGradient", { x, dy }, { alpha }) ?? tf.mul(dy, tf.step(x, alpha)) };
  },
};
