import * as tf from "@tensorflow/tfjs-core";

const epsilon = 1e-5;

/** Share of the running statistics that each step replaces. */
const momentum = 0.02;

/**
 * Batch normalization over all axes but the last (Ioffe and Szegedy, arXiv 1502.03167). It makes training fast and
 * is folded into the convolution before it afterwards.
 */
export class BatchNorm {
  constructor(channels) {
    this.params = tf.tidy(() => ({
      gain: tf.variable(tf.ones([channels])),
      offset: tf.variable(tf.zeros([channels])),
    }));
    this.running = tf.tidy(() => [
      tf.variable(tf.zeros([channels]), false),
      tf.variable(tf.ones([channels]), false),
    ]);
  }

  /** By the batch's own statistics, which enter the running ones. */
  train(x) {
    const { gain, offset } = this.params;
    return tf.tidy(() => tf.reshape(normalized(rowsOf(x), gain, offset, this.running), x.shape));
  }

  /** By the running statistics. */
  apply(x) {
    return tf.tidy(() => {
      const { factor, shift } = this.line();
      return tf.add(tf.mul(x, factor), shift);
    });
  }

  /** What `apply` is: `x * factor + shift`, both `[channels]`. */
  line() {
    return tf.tidy(() => {
      const [mean, variance] = this.running;
      const factor = tf.mul(this.params.gain, tf.rsqrt(tf.add(variance, epsilon)));
      return { factor, shift: tf.sub(this.params.offset, tf.mul(mean, factor)) };
    });
  }

  dispose() {
    tf.dispose([this.params, this.running]);
  }
}

function rowsOf(x) {
  return tf.reshape(x, [-1, x.shape.at(-1)]); // [n, channels]
}

/** One custom gradient, since tfjs's own would take several times the passes over memory. */
function normalized(rows, gain, offset, running) {
  const run = tf.customGrad((x, scale, shift, save) => {
    const mean = tf.mean(x, 0); // [channels]
    const centred = tf.sub(x, mean);
    const variance = tf.mean(tf.square(centred), 0);
    [mean, variance].forEach((statistic, index) => {
      running[index].assign(tf.add(tf.mul(running[index], 1 - momentum), tf.mul(statistic, momentum)));
    });
    const inverse = tf.rsqrt(tf.add(variance, epsilon));
    const normal = tf.mul(centred, inverse);
    save([normal, inverse, scale]);
    return { value: tf.add(tf.mul(normal, scale), shift), gradFunc: normalizedGradient };
  });
  return run(rows, gain, offset);
}

/** With means over rows, dx = gain (dy - mean(dy) - normal mean(dy normal)) inverse. */
function normalizedGradient(dy, [normal, inverse, scale]) {
  const along = tf.sum(tf.mul(dy, normal), 0); // [channels]
  const sum = tf.sum(dy, 0);
  const count = dy.shape[0];
  const centred = tf.sub(tf.sub(dy, tf.div(sum, count)), tf.mul(normal, tf.div(along, count)));
  return [tf.mul(centred, tf.mul(scale, inverse)), along, sum];
}
