import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqInput } from "./input.ts";

/** A rectangle of a picture, in pixels. */
export interface PixelRegion {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Pictures that are read by regions, so that they need not be on the device at once. */
export interface PixelSource {
  /** `[batch, height, width, channels]` of the whole pictures. */
  readonly shape: readonly [number, number, number, number];
  /** The region of every picture, `[batch, region.height, region.width, channels]` in raster order, in [−1, 1]. */
  read(region: PixelRegion): Float32Array | Promise<Float32Array>;
}

/**
 * Pictures in the host's memory: `[batch, height, width, channels]` in raster order.
 *
 * @throws NuwaError `SHAPE` where data and shape do not agree
 */
export function hostPixels(data: Float32Array, shape: PixelSource["shape"]): PixelSource {
  const [batch, height, width, channels] = shape;
  checkLength("hostPixels", data, shape);
  return {
    shape,
    read(region) {
      const line = region.width * channels;
      const values = new Float32Array(batch * region.height * line);
      for (let picture = 0; picture < batch; picture++) {
        for (let row = 0; row < region.height; row++) {
          const from = ((picture * height + region.top + row) * width + region.left) * channels;
          values.set(data.subarray(from, from + line), (picture * region.height + row) * line);
        }
      }
      return values;
    },
  };
}

/** A new tensor of the region: `[batch, region.height, region.width, channels]`, of class maps without `channels`. */
export async function readRegion(pixels: VqInput | PixelSource, region: PixelRegion): Promise<VqInput> {
  const { top, left, height, width } = region;
  const [batch, , , ...channels] = pixels.shape;
  const shape = [batch, height, width, ...channels] as [number, number, number, number];
  if (pixels instanceof tf.Tensor) return tf.slice(pixels, [0, top, left, ...channels.map(() => 0)], shape);
  const values = await pixels.read(region);
  checkLength("PixelSource.read", values, shape);
  return tf.tensor4d(values, shape);
}

function checkLength(where: string, data: Float32Array, shape: readonly number[]): void {
  const count = shape.reduce((size, length) => size * length, 1);
  if (data.length === count) return;
  throw new NuwaError(
    "SHAPE",
    `${where}: wanted ${count} numbers for [${shape.join(", ")}], got ${data.length}.`,
  );
}
