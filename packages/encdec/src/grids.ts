import { describeGrid, type Grid, NuwaError, tokenCount } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";

/** Whether a grid has no more rows, columns and frames than another, such as the tables of positions have. */
export function fitsInto(grid: Grid, largest: Grid): boolean {
  return grid.height <= largest.height && grid.width <= largest.width && grid.frames <= largest.frames;
}

/** @throws NuwaError `INPUT` for a target larger than the model's tables of positions */
export function checkTargetGrid(where: string, grid: Grid, { targetGrid }: EncoderDecoderConfig): void {
  if (fitsInto(grid, targetGrid)) return;
  throw new NuwaError(
    "INPUT",
    `${where}: the model makes at most ${describeGrid(targetGrid)} tokens (height x width x frames), got ${describeGrid(grid)}. Ask for less, or train with a larger targetGrid.`,
  );
}

/** @throws NuwaError `SHAPE` or `INPUT` */
export function checkTargets(targets: tf.Tensor, batch: number, grid: Grid): void {
  const wanted = [batch, tokenCount(grid)];
  if (targets.shape.join() !== wanted.join()) {
    throw new NuwaError(
      "SHAPE",
      `EncoderDecoder targets: wanted [${wanted.join(", ")}], one row a condition and one column a token, got [${targets.shape.join(", ")}].`,
    );
  }
  if (targets.dtype !== "int32") {
    throw new NuwaError(
      "INPUT",
      `EncoderDecoder targets: wanted int32 codes, got ${targets.dtype}. Cast them with tf.cast.`,
    );
  }
}
