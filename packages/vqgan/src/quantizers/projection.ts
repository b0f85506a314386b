import { type Layer, Linear, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { rowsOf } from "./codes.ts";

/**
 * Between latents of one width and codes of another: `down` and `up`, two linear layers, which gradients train.
 * Where the widths are equal there are none, and everything passes as it is.
 */
export class Projection implements Layer {
  readonly down?: Linear;
  readonly up?: Linear;

  constructor({ dim, codeDim }: { dim: number; codeDim: number }, rng: Rng) {
    if (dim === codeDim) return;
    this.down = new Linear({ inFeatures: dim, outFeatures: codeDim }, rng.fork("down"));
    this.up = new Linear({ inFeatures: codeDim, outFeatures: dim }, rng.fork("up"));
  }

  /** `[..., dim]` -> `[n, codeDim]`. */
  toCodes(latents: tf.Tensor): tf.Tensor2D {
    return tf.tidy(() => {
      const rows = rowsOf(latents); // [n, dim]
      return this.down ? (this.down.apply(rows) as tf.Tensor2D) : rows;
    });
  }

  /** `[n, codeDim]` -> `[...lead, dim]`. */
  toLatents(rows: tf.Tensor2D, lead: readonly number[]): tf.Tensor {
    return tf.tidy(() => {
      const latents = this.up ? this.up.apply(rows) : rows; // [n, dim]
      return tf.reshape(latents, [...lead, latents.shape[1]!]);
    });
  }

  dispose(): void {
    this.down?.dispose();
    this.up?.dispose();
  }
}
