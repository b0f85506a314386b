import { NuwaError, nextTask } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqCodec } from "./codec.ts";
import { downsampling } from "./config.ts";
import { checkShape, type VqInput } from "./input.ts";
import { type PixelSource, readRegion } from "./pixel-source.ts";
import { reach } from "./reach.ts";
import { planTiles, type TileOptions, type TilePlan } from "./tile-plan.ts";
import { blendWeights, innerSpans, type Span } from "./tile-spans.ts";

/**
 * The codes of pictures of any size, computed tile by tile: of each tile those codes are kept that lie further from its
 * neighbours' ends than from its own. Memory on the device depends on the tile and the batch, and not on the pictures'
 * size where they come from a `PixelSource`.
 *
 * With "local" networks the codes are those of `model.encode` where the overlap is at least twice `reach(config).encoder`
 * codes: a code then depends on nothing beyond its tile. (A backend may round the same sums differently for another
 * shape, which matters only to a latent that is equally near to two codes.) With "taming" networks they are an
 * approximation: GroupNorm and attention see one tile instead of the picture, so some codes differ from `model.encode`'s,
 * the more so the more the tiles differ from each other.
 *
 * @param pixels float32 `[b, H, W, C]` in [−1, 1], or a source of them; for a `"vq-gan-seg"` class maps as a tensor,
 *   int32 `[b, H, W]`; H and W multiples of the downsampling F
 * @returns int32 `[b, H/F, W/F]`, the caller's
 * @throws NuwaError `SHAPE` or `INPUT` for pixels, `INPUT` for a tile or overlap; the signal's reason when aborted
 */
export async function encodeTiled(
  model: VqCodec,
  pixels: VqInput | PixelSource,
  options: TileOptions = {},
): Promise<tf.Tensor3D> {
  const { config } = model;
  const side = downsampling(config);
  const dtype = pixels instanceof tf.Tensor ? pixels.dtype : "float32";
  checkShape("encodeTiled", config, { shape: pixels.shape, dtype });
  const [batch, height, width] = pixels.shape;
  const [rows, columns] = [height / side, width / side];
  const plan = planTiles(config, [rows, columns], reach(config).encoder, options);
  const inner = {
    rows: innerSpans(plan.rows, plan.overlap),
    columns: innerSpans(plan.columns, plan.overlap),
  };
  const codes = new Int32Array(batch * rows * columns);
  await eachTile(plan, options, async (row, column) => {
    const [tileRows, tileColumns] = [plan.rows[row], plan.columns[column]];
    const values = await encodeTile(model, pixels, tileRows, tileColumns);
    const [keptRows, keptColumns] = [inner.rows[row], inner.columns[column]];
    const [tileHeight, tileWidth] = [lengthOf(tileRows), lengthOf(tileColumns)];
    for (let picture = 0; picture < batch; picture++) {
      for (let y = keptRows.start; y < keptRows.end; y++) {
        const line = (picture * tileHeight + y - tileRows.start) * tileWidth - tileColumns.start;
        const kept = values.subarray(line + keptColumns.start, line + keptColumns.end);
        codes.set(kept, (picture * rows + y) * columns + keptColumns.start);
      }
    }
  });
  return tf.tensor3d(codes, [batch, rows, columns], "int32");
}

/**
 * Pictures of any size from their codes, computed tile by tile. Where tiles overlap their pixels are blended: one takes
 * over from the other by a straight line, with weights that sum to 1. The picture is put together in the host's memory;
 * on the device only the result is larger than a tile.
 *
 * With "local" networks the pixels are those of `model.decode` to 1e-5 where the overlap is at least twice
 * `reach(config).decoder` codes; the line then lies between the pixels that a tile's end has any influence on. With
 * "taming" networks they are an approximation: GroupNorm and attention see one tile instead of the picture, so brightness
 * and texture can differ from `model.decode`'s and change from tile to tile; the line then takes the middle half of the
 * overlap, as it does where the overlap is too small.
 *
 * @param codes int32 `[b, h, w]`
 * @returns float32 `[b, h·F, w·F, C]` in [−1, 1], of a `"vq-gan-seg"` logits `[b, h·F, w·F, classes]`; the caller's
 * @throws NuwaError `SHAPE` for codes, `INPUT` for a tile or overlap; the signal's reason when aborted
 */
export async function decodeTiled(
  model: VqCodec,
  codes: tf.Tensor3D,
  options: TileOptions = {},
): Promise<tf.Tensor4D> {
  if (codes.rank !== 3 || codes.dtype !== "int32" || codes.size === 0) {
    throw new NuwaError(
      "SHAPE",
      `decodeTiled codes: wanted int32 [batch, rows, columns], got ${codes.dtype} [${codes.shape.join(", ")}].`,
    );
  }
  const { config } = model;
  const side = downsampling(config);
  const [batch, rows, columns] = codes.shape;
  const channels =
    config.architecture === "taming" ? (config.outChannels ?? config.inChannels) : config.inChannels;
  const looks = reach(config).decoder;
  const plan = planTiles(config, [rows, columns], looks, options);
  const { overlap } = plan;
  const margin = side * (2 * looks <= overlap ? looks : Math.floor(overlap / 4));
  const [spansDown, spansAcross] = [plan.rows, plan.columns].map((spans) =>
    spans.map(({ start, end }) => ({ start: start * side, end: end * side })),
  );
  const [down, across] = [spansDown, spansAcross].map((spans) => blendWeights(spans, overlap * side, margin));
  const shape: [number, number, number, number] = [batch, rows * side, columns * side, channels];
  const pixels = new Float32Array(batch * shape[1] * shape[2] * channels);
  await eachTile(plan, options, async (row, column) => {
    const values = await decodeTile(model, codes, plan.rows[row], plan.columns[column]);
    const [top, left] = [spansDown[row].start, spansAcross[column].start];
    addTile({ pixels, shape, values, top, left, down: down[row], across: across[column] });
  });
  return tf.tensor4d(pixels, shape);
}

interface WeightedTile {
  readonly pixels: Float32Array;
  readonly shape: readonly [number, number, number, number];
  readonly values: Float32Array;
  readonly top: number;
  readonly left: number;
  /** Weights of the tile's rows and columns. */
  readonly down: Float32Array;
  readonly across: Float32Array;
}

function addTile({ pixels, shape, values, top, left, down, across }: WeightedTile): void {
  const [batch, height, width, channels] = shape;
  for (let picture = 0; picture < batch; picture++) {
    for (const [row, rowWeight] of down.entries()) {
      for (const [column, columnWeight] of across.entries()) {
        const weight = rowWeight * columnWeight;
        if (weight === 0) continue;
        const from = ((picture * down.length + row) * across.length + column) * channels;
        const to = ((picture * height + top + row) * width + left + column) * channels;
        for (let channel = 0; channel < channels; channel++) {
          pixels[to + channel] += weight * values[from + channel];
        }
      }
    }
  }
}

const lengthOf = ({ start, end }: Span) => end - start;

async function encodeTile(
  model: VqCodec,
  pixels: VqInput | PixelSource,
  rows: Span,
  columns: Span,
): Promise<Int32Array> {
  const side = downsampling(model.config);
  const region = {
    top: rows.start * side,
    left: columns.start * side,
    height: lengthOf(rows) * side,
    width: lengthOf(columns) * side,
  };
  const tile = await readRegion(pixels, region);
  try {
    return await dataOf(model.encode(tile).codes);
  } finally {
    tile.dispose();
  }
}

function decodeTile(model: VqCodec, codes: tf.Tensor3D, rows: Span, columns: Span): Promise<Float32Array> {
  const size: [number, number, number] = [codes.shape[0], lengthOf(rows), lengthOf(columns)];
  return dataOf(tf.tidy(() => model.decode(tf.slice(codes, [0, rows.start, columns.start], size))));
}

/** The values of a tensor, which it disposes of. */
async function dataOf<Data extends Int32Array | Float32Array>(tensor: tf.Tensor): Promise<Data> {
  try {
    return (await tensor.data()) as Data;
  } finally {
    tensor.dispose();
  }
}

/** Runs `body` for every tile, row by row and one at a time. */
async function eachTile(
  plan: TilePlan,
  { signal, onProgress }: TileOptions,
  body: (row: number, column: number) => Promise<void>,
): Promise<void> {
  const total = plan.rows.length * plan.columns.length;
  for (let done = 0; done < total; done++) {
    signal?.throwIfAborted();
    await body(Math.floor(done / plan.columns.length), done % plan.columns.length);
    onProgress?.({ done: done + 1, total });
    if (signal || onProgress) await nextTask(); // lets the events that abort run
  }
  signal?.throwIfAborted();
}
