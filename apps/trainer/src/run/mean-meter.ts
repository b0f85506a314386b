import * as tf from "@tensorflow/tfjs-core";

/**
 * Means of named scalars over some steps, summed on the device: reading a value back makes a GPU wait, so it
 * happens once for all of them. The meter owns its sums.
 */
export class MeanMeter {
  private readonly sums = new Map<string, { total: tf.Scalar; count: number }>();

  /** Adds scalars and disposes them. */
  add(scalars: Readonly<Record<string, tf.Scalar>>): void {
    for (const [name, scalar] of Object.entries(scalars)) {
      const before = this.sums.get(name);
      if (!before) {
        this.sums.set(name, { total: scalar, count: 1 });
        continue;
      }
      const total = tf.add(before.total, scalar) as tf.Scalar;
      tf.dispose([before.total, scalar]);
      this.sums.set(name, { total, count: before.count + 1 });
    }
  }

  /** The means so far; the meter is empty afterwards. */
  async take(): Promise<Record<string, number>> {
    const entries = [...this.sums];
    this.sums.clear();
    if (entries.length === 0) return {};
    const together = tf.tidy(() => tf.stack(entries.map(([, { total }]) => tf.cast(total, "float32"))));
    tf.dispose(entries.map(([, { total }]) => total));
    try {
      const totals = await together.data();
      return Object.fromEntries(entries.map(([name, { count }], index) => [name, totals[index] / count]));
    } finally {
      together.dispose();
    }
  }

  dispose(): void {
    tf.dispose([...this.sums.values()].map(({ total }) => total));
    this.sums.clear();
  }
}
