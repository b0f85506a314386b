import * as tf from "@tensorflow/tfjs-core";
import { runFused } from "./fused-kernel.ts";

// gelu's tanh form is x * sigmoid(u) with u = x (a + b x^2), since (1 + tanh(v)) / 2 = sigmoid(2 v).
const a = 2 * Math.sqrt(2 / Math.PI);
const b = a * 0.044715;

/**
 * `0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, elementwise, with a gradient of few passes.
 * Float32 of any shape.
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  const run = tf.customGrad((...inputs) => {
    const value = inputs[0] as tf.Tensor;
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    const factor = tf.add(tf.mul(tf.square(value), b), a); // u / x
    const gate = tf.sigmoid(tf.mul(value, factor));
    const y = tf.mul(value, gate);
    save([factor, gate, y]);
    return { value: y, gradFunc: geluGradient };
  });
  return run(x) as T;
}

/** dx = dy (gate + y (1 - gate) u'), where u' = a + 3 b x^2 = 3 factor - 2 a. */
function geluGradient(dy: tf.Tensor, saved: tf.Tensor[]): tf.Tensor {
  return tf.tidy(() => {
    const [factor, gate, y] = saved;
    const slope = tf.sub(tf.mul(factor, 3), 2 * a);
    const rest = tf.sub(y, tf.mul(y, gate));
    return tf.mul(dy, tf.add(gate, tf.mul(rest, slope)));
  });
}

/** `x * sigmoid(x)`, elementwise. Float32 of any shape. */
export function silu<T extends tf.Tensor>(x: T): T {
  const run = tf.customGrad((...inputs) => {
    const value = inputs[0] as tf.Tensor;
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    const fused = runFused("silu", { x: value });
    if (fused) {
      save([value, fused]);
      const gradFunc = (dy: tf.Tensor, [given, y]: tf.Tensor[]) =>
        tf.tidy(() => siluGradient(dy, tf.sigmoid(given), y));
      return { value: fused, gradFunc };
    }
    const gate = tf.sigmoid(value);
    const product = tf.mul(value, gate);
    save([gate, product]);
    return { value: product, gradFunc: (dy: tf.Tensor, [gate, y]: tf.Tensor[]) => siluGradient(dy, gate, y) };
  });
  return run(x) as T;
}

/** dx = dy (gate + y (1 - gate)). */
function siluGradient(dy: tf.Tensor, gate: tf.Tensor, y: tf.Tensor): tf.Tensor {
  return tf.tidy(() => tf.mul(dy, tf.add(gate, tf.sub(y, tf.mul(y, gate)))));
}
