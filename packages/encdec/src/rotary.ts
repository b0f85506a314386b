import { type RotaryTable, rotaryTable } from "@nuwa/attention-3dna";
import type { Grid } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type EncoderDecoderConfig, headDimOf } from "./config.ts";

/** The rotary positions of a grid where the config asks for them. The caller disposes both tensors. */
export function rotaryOf(config: EncoderDecoderConfig, grid: Grid): RotaryTable | undefined {
  return config.rotary ? rotaryTable(grid, headDimOf(config)) : undefined;
}

/** Those of some positions `[p]`. */
export function rotaryRows(table: RotaryTable | undefined, positions: tf.Tensor1D): RotaryTable | undefined {
  return table && { cos: tf.gather(table.cos, positions), sin: tf.gather(table.sin, positions) };
}

/** A table as tensors that a gradient checkpoint keeps: its cosines and sines, none without a table. */
export function rotaryTensors(table: RotaryTable | undefined): tf.Tensor[] {
  return table ? [table.cos, table.sin] : [];
}

/** The table of these tensors. */
export function rotaryFrom([cos, sin]: readonly tf.Tensor[]): RotaryTable | undefined {
  return cos && { cos: cos as tf.Tensor2D, sin: sin as tf.Tensor2D };
}
