import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { downsampling, type VqConfig } from "./config.ts";

/**
 * What a tokenizer reads: pixels, float32 `[b, H, W, C]` in [−1, 1]; where it is a `"vq-gan-seg"`, class maps, int32
 * `[b, H, W]` of indices from 0 to classes − 1.
 */
export type VqInput = tf.Tensor<tf.Rank.R3 | tf.Rank.R4>;

/** Whether a tokenizer reads class maps. */
export function readsClassMaps({ kind }: VqConfig): boolean {
  return kind === "vq-gan-seg";
}

/**
 * Refuses what is of another shape or type than the tokenizer reads.
 *
 * @throws NuwaError `SHAPE`
 */
export function checkShape(
  where: string,
  config: VqConfig,
  { shape, dtype }: { readonly shape: readonly number[]; readonly dtype: string },
): void {
  const side = downsampling(config);
  const maps = readsClassMaps(config);
  const [rank, type] = maps ? [3, "int32"] : [4, "float32"];
  const [, height, width, channels] = shape;
  const sized = height > 0 && width > 0 && height % side === 0 && width % side === 0;
  const fits = shape.length === rank && (maps || channels === config.inChannels);
  if (fits && sized && dtype === type) return;
  const axes = maps ? "[batch, height, width]" : `[batch, height, width, ${config.inChannels}]`;
  throw new NuwaError(
    "SHAPE",
    `${where} ${maps ? "class maps" : "pixels"}: wanted ${type} ${axes} with height and width multiples of ${side}, ` +
      `got ${dtype} [${shape.join(", ")}]. ${remedy(maps, shape.length, dtype)}`,
  );
}

function remedy(maps: boolean, rank: number, dtype: string): string {
  if (maps && (rank === 4 || dtype !== "int32")) {
    return 'A "vq-gan-seg" reads no pixels: give it the index of each pixel\'s class, as int32.';
  }
  if (!maps && rank < 4 && dtype === "int32") {
    return 'This model reads pixels and no class maps: those want a model of the kind "vq-gan-seg".';
  }
  return maps ? "Crop or pad the maps." : "Crop, pad or resize the pictures.";
}

/**
 * Refuses an input of another shape or type, and classes out of range (not on WebGPU, which cannot tell at once: there
 * such a pixel belongs to no class, and losses are NaN).
 *
 * @throws NuwaError `SHAPE`; `INPUT` for classes
 */
export function checkInput(config: VqConfig, input: VqInput): void {
  checkShape("VqModel", config, input);
  if (!readsClassMaps(config) || tf.getBackend() === "webgpu") return;
  const [lowest, highest] = tf.tidy(() => [tf.min(input).dataSync()[0], tf.max(input).dataSync()[0]]);
  const classes = config.inChannels;
  if (lowest >= 0 && highest < classes) return;
  throw new NuwaError(
    "INPUT",
    `VqModel class maps: wanted indices from 0 to ${classes - 1}, since the model has ${classes} classes, got ` +
      `${lowest < 0 ? lowest : highest}. Map the classes of the data to those of the model, or give the model more.`,
  );
}

/**
 * Refuses what `encode` cannot take: besides the above, pixels that are NaN or infinite.
 *
 * @throws NuwaError `SHAPE` or `INPUT`
 */
export function checkEncoderInput(config: VqConfig, input: VqInput): void {
  checkInput(config, input);
  if (!readsClassMaps(config)) checkFinite(input);
}

/** NaN is no nearer to one code than to another: it would silently become code 0. Not on WebGPU, as above. */
function checkFinite(input: VqInput): void {
  if (tf.getBackend() === "webgpu") return;
  const [finite] = tf.tidy(() => tf.all(tf.isFinite(input)).dataSync());
  if (finite) return;
  throw new NuwaError(
    "INPUT",
    "VqModel pixels: wanted finite numbers in [−1, 1], got NaN or infinite ones. Check how the pictures were read.",
  );
}

/** @throws NuwaError `SHAPE` */
export function checkCodes({ rank, dtype, shape }: tf.Tensor): void {
  if (rank === 3 && dtype === "int32") return;
  throw new NuwaError(
    "SHAPE",
    `VqModel codes: wanted int32 [batch, rows, columns], got ${dtype} [${shape.join(", ")}].`,
  );
}

/** What the encoder reads: pixels as they are, class maps one-hot, float32 `[b, H, W, classes]`. */
export function encoderInput(config: VqConfig, input: VqInput): tf.Tensor4D {
  if (!readsClassMaps(config)) return input as tf.Tensor4D;
  return tf.oneHot(input as tf.Tensor3D, config.inChannels, 1, 0, "float32") as tf.Tensor4D;
}
