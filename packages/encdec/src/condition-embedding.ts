import { AxialPositions, disposeParams, Embedding, type Grid, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { EMBEDDING_STD } from "./initialization.ts";

/** Tokens of a kind of condition, plus their places. Params: `tokens.weight`, `positions.{height,width,frames}`. */
export class ConditionEmbedding {
  readonly tokens: Embedding;
  readonly positions: AxialPositions;

  /**
   * @param size `count` of tokens in the table, features and the largest grid
   */
  constructor({ count, dim, grid }: { count: number; dim: number; grid: Grid }, rng: Rng) {
    const init = { std: EMBEDDING_STD };
    this.tokens = new Embedding({ count, dim }, rng.fork("tokens"), init);
    this.positions = new AxialPositions({ grid, dim }, rng.fork("positions"), init);
  }

  /** Int32 `[count, tokens]` of a grid -> `[count, tokens, dim]`. */
  apply(tokens: tf.Tensor2D, grid: Grid): tf.Tensor {
    return tf.tidy(() => tf.add(this.tokens.apply(tokens), this.positions.apply(grid)));
  }

  dispose(): void {
    disposeParams(this);
  }
}
