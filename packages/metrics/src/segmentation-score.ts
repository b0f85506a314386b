import { assertShape, NuwaError, readBack } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";

export interface SegmentationScoreConfig {
  /** How many classes there are: class maps hold 0 to classes - 1. */
  readonly classes: number;
}

/**
 * Counts how often each class was predicted as which, and scores that as Long, Shelhamer and Darrell, "Fully
 * Convolutional Networks for Semantic Segmentation" (2015), section 5. All scores lie from 0 to 1; the NÜWA paper
 * prints pixel accuracy (PA) and frequency-weighted IoU (FWIoU) times 100.
 *
 * The intersection over union (IoU) of a class is `hits / (target + predicted - hits)`, counted in pixels over
 * everything that was added.
 */
export class SegmentationScore {
  readonly config: SegmentationScoreConfig;
  /** `[classes, classes]`: how many pixels of the class of the row were predicted as that of the column. */
  readonly confusion: Float64Array;

  constructor(config: SegmentationScoreConfig) {
    const { classes } = config;
    if (!(Number.isInteger(classes) && classes > 0)) {
      throw new NuwaError(
        "CONFIG",
        `SegmentationScore: classes must be a whole number above 0, got ${classes}.`,
      );
    }
    this.config = config;
    this.confusion = new Float64Array(classes * classes);
  }

  /**
   * Counts the pixels of class maps; what is added while they are read from the device does no harm.
   *
   * @param predicted int32 of any shape, such as `[batch, height, width]`; not disposed
   * @param target as `predicted`
   * @throws NuwaError `SHAPE`, or `INPUT` when a map is not int32 or a class is out of range. Nothing is counted then.
   */
  async add(predicted: tf.Tensor, target: tf.Tensor): Promise<void> {
    assertShape("SegmentationScore predicted", predicted, target.shape);
    for (const [name, map] of Object.entries({ predicted, target })) {
      if (map.dtype !== "int32") {
        throw new NuwaError(
          "INPUT",
          `SegmentationScore ${name}: wanted int32, got ${map.dtype}. Use tf.argMax on scores, tf.cast on indices.`,
        );
      }
    }
    const [guesses, truths] = await readBack([predicted, target]);
    this.#checkClasses("predicted", guesses);
    this.#checkClasses("target", truths);
    const { classes } = this.config;
    for (let pixel = 0; pixel < truths.length; pixel++) {
      this.confusion[truths[pixel] * classes + guesses[pixel]]++;
    }
  }

  /** The share of pixels with the right class. */
  pixelAccuracy(): number {
    const counts = this.#counts();
    return sum(counts.map(({ hits }) => hits)) / sum(counts.map(({ target }) => target));
  }

  /** The mean IoU of the classes that occur, in targets or in predictions. */
  meanIoU(): number {
    const counts = this.#counts();
    return sum(counts.map(iouOf)) / counts.length;
  }

  /** The mean IoU of classes, each weighted by its share of the targets' pixels. */
  frequencyWeightedIoU(): number {
    const counts = this.#counts();
    return sum(counts.map((count) => count.target * iouOf(count))) / sum(counts.map(({ target }) => target));
  }

  /** Pixels by class, of the classes that occur. */
  #counts(): ClassCount[] {
    const { classes } = this.config;
    const counts = Array.from({ length: classes }, () => ({ hits: 0, target: 0, predicted: 0 }));
    for (const [index, pixels] of this.confusion.entries()) {
      const [row, column] = [Math.floor(index / classes), index % classes];
      counts[row].target += pixels;
      counts[column].predicted += pixels;
      if (row === column) counts[row].hits += pixels;
    }
    const occurring = counts.filter(({ target, predicted }) => target + predicted > 0);
    if (occurring.length === 0) {
      throw new NuwaError(
        "INPUT",
        "SegmentationScore: wanted at least one pixel, got none. Add class maps first.",
      );
    }
    return occurring;
  }

  #checkClasses(name: string, map: ArrayLike<number>): void {
    const { classes } = this.config;
    for (let pixel = 0; pixel < map.length; pixel++) {
      if (map[pixel] >= 0 && map[pixel] < classes) continue;
      throw new NuwaError(
        "INPUT",
        `SegmentationScore ${name}: wanted classes from 0 to ${classes - 1}, got the class ${map[pixel]} at element ` +
          `${pixel}. Raise "classes", or give pixels without a class one of their own.`,
      );
    }
  }
}

interface ClassCount {
  readonly hits: number;
  readonly target: number;
  readonly predicted: number;
}

function iouOf({ hits, target, predicted }: ClassCount): number {
  return hits / (target + predicted - hits);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
