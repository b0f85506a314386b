import { dropoutMask, type Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";

/**
 * What a stack of blocks keeps in training: bool `[rows, tokens, dim]` of its input, and of what the attention and the
 * feed-forward of each block add.
 */
export type DropoutMasks = readonly tf.Tensor3D[];

/** The masks of a stack that reads `[rows, tokens, dim]`; none without an `rng` or a rate. The caller disposes them. */
export function drawMasks(
  { dim, dropout, encoderLayers, decoderLayers }: EncoderDecoderConfig,
  stack: "encoder" | "decoder",
  [rows, tokens]: readonly [number, number],
  rng: Rng | undefined,
): tf.Tensor3D[] {
  if (!rng || dropout === 0) return [];
  const layers = stack === "encoder" ? encoderLayers : decoderLayers;
  const draw = () => dropoutMask([rows, tokens, dim], dropout, rng) as tf.Tensor3D;
  return Array.from({ length: 1 + 2 * layers }, draw);
}

/** Those of one block. */
export function masksOfBlock(masks: DropoutMasks, block: number): DropoutMasks {
  return masks.slice(1 + 2 * block, 3 + 2 * block);
}
