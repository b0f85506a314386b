import {
  assertShape,
  disposeParams,
  type Embedding,
  type Layer,
  matrixProduct,
  type Rng,
  randomNormal,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";
import { HEAD_STD } from "./initialization.ts";

/**
 * The logits of the decoder's states. Params: `weight` `[dim, codebookSize]`.
 *
 * With a tied table the weights are `weight + 4 / dim * tableᵀ`: a state that holds a token's embedding begins by
 * favouring that token, so copying needs no detour through weights that know each code. The factor gives a token
 * that makes up a sixth of a normed state (three inputs, three positions) a logit of 4 / √6.
 */
export class Head implements Layer {
  readonly params: { readonly weight: tf.Variable };
  readonly #tied?: Embedding;

  /** @param tied a table of the inputs whose first `codebookSize` rows are the codes; it stays the caller's */
  constructor({ dim, codebookSize }: EncoderDecoderConfig, rng: Rng, tied?: Embedding) {
    this.params = tf.tidy(() => ({
      weight: tf.variable(randomNormal([dim, codebookSize], rng, { std: HEAD_STD })),
    }));
    this.#tied = tied;
  }

  /** `[...lead, dim]` -> `[...lead, codebookSize]`. */
  apply(x: tf.Tensor): tf.Tensor {
    const [dim, codebookSize] = this.params.weight.shape;
    assertShape("Head x", x, ["...", dim]);
    return tf.tidy(() => {
      const rows = tf.reshape(x, [-1, dim]) as tf.Tensor2D;
      const logits = matrixProduct(rows, this.#weights()); // [prod(lead), codebookSize]
      return tf.reshape(logits, [...x.shape.slice(0, -1), codebookSize]);
    });
  }

  dispose(): void {
    disposeParams(this);
  }

  #weights(): tf.Tensor2D {
    const { weight } = this.params;
    if (!this.#tied) return weight as tf.Tensor as tf.Tensor2D;
    const [dim, codebookSize] = weight.shape;
    const table = tf.slice(this.#tied.params.weight, [0, 0], [codebookSize, dim]);
    return tf.add(weight, tf.mul(tf.transpose(table), 4 / dim));
  }
}
