import { assertShape, NuwaError, readBack } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

/** Everything that `FrechetStatistics` knows, to be written to a file. */
export interface FrechetState {
  readonly features: string;
  readonly count: number;
  /** `[dim]` */
  readonly mean: Float64Array;
  /** `[dim, dim]`, divided by count - 1 */
  readonly covariance: Float64Array;
}

/**
 * The mean and covariance of features, gathered batch by batch on the host in float64. Batches and merges are
 * combined by the update of Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample
 * Variances" (1979), which keeps its digits when the mean is far from 0. A sample costs dim² / 2 multiplications.
 */
export class FrechetStatistics {
  /** What the numbers are, such as the network and its layer: only statistics of one name are compared. */
  readonly features: string;
  readonly dim: number;
  #count = 0;
  readonly #mean: Float64Array;
  /** The lower triangle of the sum of `(x - mean) (x - mean)ᵀ`, `[dim, dim]`. */
  readonly #scatter: Float64Array;

  constructor({ features, dim }: { readonly features: string; readonly dim: number }) {
    if (typeof features !== "string" || features === "") {
      throw new NuwaError(
        "CONFIG",
        `FrechetStatistics: features must be a name, got ${JSON.stringify(features)}.`,
      );
    }
    if (!(Number.isInteger(dim) && dim > 0)) {
      throw new NuwaError("CONFIG", `FrechetStatistics: dim must be a whole number above 0, got ${dim}.`);
    }
    this.features = features;
    this.dim = dim;
    this.#mean = new Float64Array(dim);
    this.#scatter = new Float64Array(dim * dim);
  }

  /** How many samples were added. */
  get count(): number {
    return this.#count;
  }

  /**
   * Adds a batch; what is added while it is read from the device does no harm.
   *
   * @param batch `[n, dim]`; not disposed
   * @throws NuwaError `SHAPE`, or `INPUT` as `addRows`
   */
  async add(batch: tf.Tensor): Promise<void> {
    assertShape("FrechetStatistics batch", batch, ["n", this.dim]);
    const [rows] = await readBack([batch]);
    this.addRows(rows);
  }

  /**
   * Adds a batch from the host.
   *
   * @param rows `[n, dim]`, row after row
   * @throws NuwaError `SHAPE` when these are no whole rows; `INPUT` when a number is not finite. Nothing is added then.
   */
  addRows(rows: ArrayLike<number>): void {
    const { dim } = this;
    const count = rows.length / dim;
    if (!(Number.isInteger(count) && count > 0)) {
      throw new NuwaError(
        "SHAPE",
        `FrechetStatistics rows: wanted rows of ${dim} numbers, at least one, got ${rows.length} numbers.`,
      );
    }
    for (let index = 0; index < rows.length; index++) {
      if (!Number.isFinite(rows[index])) {
        throw new NuwaError(
          "INPUT",
          `FrechetStatistics: feature ${index % dim} of row ${Math.floor(index / dim)} is ${rows[index]}, wanted a ` +
            "finite number. Look for it in the images, or in the network that gave the features.",
        );
      }
    }
    const mean = new Float64Array(dim);
    for (let index = 0; index < rows.length; index++) mean[index % dim] += rows[index] / count;
    const centred = new Float64Array(rows.length); // [dim, n]
    for (let index = 0; index < rows.length; index++) {
      const axis = index % dim;
      centred[axis * count + (index - axis) / dim] = rows[index] - mean[axis];
    }
    this.#join(count, mean, (axis, other) => {
      let sum = 0;
      for (let row = 0; row < count; row++) sum += centred[axis * count + row] * centred[other * count + row];
      return sum;
    });
  }

  /**
   * Adds every sample of `other`, which stays as it is: the result is that of adding all of them here.
   *
   * @throws NuwaError `INPUT` when the names of the features or the dims differ
   */
  merge(other: FrechetStatistics): void {
    assertSameFeatures("FrechetStatistics.merge", this, other);
    if (other.#count === 0) return;
    const scatter = other.#scatter.slice();
    this.#join(other.#count, other.#mean.slice(), (axis, second) => scatter[axis * this.dim + second]);
  }

  /** @throws NuwaError `INPUT` with fewer than two samples, which have no covariance */
  state(): FrechetState {
    const { features, dim } = this;
    const count = this.#count;
    if (count < 2) {
      throw new NuwaError(
        "INPUT",
        `FrechetStatistics of ${JSON.stringify(features)}: wanted at least two samples, got ${count}. Add more.`,
      );
    }
    const covariance = new Float64Array(dim * dim);
    for (let row = 0; row < dim; row++) {
      for (let column = 0; column <= row; column++) {
        const value = this.#scatter[row * dim + column] / (count - 1);
        covariance[row * dim + column] = value;
        covariance[column * dim + row] = value;
      }
    }
    return { features, count, mean: this.#mean.slice(), covariance };
  }

  /**
   * Statistics from their state, or from a mean and a covariance that were published.
   *
   * @throws NuwaError `INPUT` when sizes do not fit, a number is not finite, or the covariance is not symmetric
   */
  static from({ features, count, mean, covariance }: FrechetState): FrechetStatistics {
    const statistics = new FrechetStatistics({ features, dim: mean.length });
    checkState({ features, count, mean, covariance });
    statistics.#join(count, mean, (axis, other) => covariance[axis * mean.length + other] * (count - 1));
    return statistics;
  }

  /** Takes in samples by their number, mean and scatter (asked for `other <= axis`). */
  #join(count: number, mean: Float64Array, scatter: (axis: number, other: number) => number): void {
    const { dim } = this;
    const total = this.#count + count;
    const shift = mean.map((value, axis) => value - this.#mean[axis]);
    const weight = (this.#count * count) / total;
    for (let axis = 0; axis < dim; axis++) {
      for (let other = 0; other <= axis; other++) {
        this.#scatter[axis * dim + other] += scatter(axis, other) + weight * shift[axis] * shift[other];
      }
    }
    for (let axis = 0; axis < dim; axis++) this.#mean[axis] += (shift[axis] * count) / total;
    this.#count = total;
  }
}

/** @throws NuwaError `INPUT` */
export function assertSameFeatures(where: string, a: FrechetStatistics, b: FrechetStatistics): void {
  if (a.features === b.features && a.dim === b.dim) return;
  const [one, other] = [a, b].map(({ features, dim }) => `${JSON.stringify(features)} of dim ${dim}`);
  throw new NuwaError(
    "INPUT",
    `${where}: wanted the same features on both sides, got ${one} and ${other}. Compute both with one network.`,
  );
}

function checkState({ count, mean, covariance }: FrechetState): void {
  const dim = mean.length;
  const fail = (what: string): never => {
    throw new NuwaError("INPUT", `FrechetStatistics.from: ${what}. Give what state() gave.`);
  };
  if (!(Number.isSafeInteger(count) && count >= 2))
    fail(`count must be a whole number above 1, got ${count}`);
  if (covariance.length !== dim * dim) {
    fail(`covariance must have ${dim} x ${dim} numbers, as mean has ${dim}, got ${covariance.length}`);
  }
  if (!mean.every(Number.isFinite)) fail("mean must be finite");
  if (!covariance.every(Number.isFinite)) fail("covariance must be finite");
  for (let row = 0; row < dim; row++) {
    for (let column = 0; column <= row; column++) {
      const [value, mirrored] = [covariance[row * dim + column], covariance[column * dim + row]];
      const scale = Math.sqrt(Math.abs(covariance[row * (dim + 1)] * covariance[column * (dim + 1)]));
      if (!(Math.abs(value - mirrored) <= 1e-6 * scale)) {
        fail(`covariance must be symmetric, got ${value} at [${row}, ${column}] and ${mirrored} across`);
      }
    }
  }
}
