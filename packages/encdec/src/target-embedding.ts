import {
  AxialPositions,
  assertShape,
  disposeParams,
  Embedding,
  type Grid,
  type Rng,
  tokenCount,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";
import { EMBEDDING_STD } from "./initialization.ts";
import { type ShiftInput, shiftedIndices, shiftInputs } from "./shift.ts";

/**
 * The decoder's inputs: each position reads tokens before it, from a table for each direction or one for all, whose last
 * row stands for the border, plus its place. Params: `tables.left.weight` and so on, or `tables.shared.weight`,
 * `[codebookSize + 1, dim]`; `positions.height`, `.width`, `.frames`.
 */
export class TargetEmbedding {
  readonly config: EncoderDecoderConfig;
  readonly tables: Partial<Record<ShiftInput | "shared", Embedding>>;
  readonly positions: AxialPositions;

  constructor(config: EncoderDecoderConfig, rng: Rng) {
    const { codebookSize, dim, targetGrid } = config;
    const init = { std: EMBEDDING_STD };
    const table = (name: string) => new Embedding({ count: codebookSize + 1, dim }, rng.fork(name), init);
    const names = config.inputTables === "shared" ? ["shared"] : shiftInputs[config.shift];
    this.config = config;
    this.tables = Object.fromEntries(names.map((name) => [name, table(name)]));
    this.positions = new AxialPositions({ grid: targetGrid, dim }, rng.fork("positions"), init);
  }

  /** Where an input of the config's shift is looked up. */
  table(input: ShiftInput): Embedding {
    return (this.tables.shared ?? this.tables[input])!;
  }

  /** Codes int32 `[b, tokens]` of a grid -> `[b, tokens, dim]`, where no position sees its own code. */
  apply(codes: tf.Tensor, grid: Grid): tf.Tensor {
    assertShape("TargetEmbedding codes", codes, ["batch", tokenCount(grid)]);
    return tf.tidy(() => {
      const border = tf.fill([codes.shape[0], 1], this.config.codebookSize, "int32");
      const bordered = tf.concat([codes, border], 1); // [b, tokens + 1]
      const inputs = shiftedIndices(this.config.shift, grid).map((indices) =>
        tf.gather(bordered, tf.tensor1d(indices, "int32"), 1),
      );
      return this.lookUp(inputs, this.positions.apply(grid));
    });
  }

  /**
   * @param inputs int32 `[b, p]` for each input of the shift: the codes read, `codebookSize` at the border
   * @param positions `[p, dim]`
   * @returns `[b, p, dim]`
   */
  lookUp(inputs: readonly tf.Tensor[], positions: tf.Tensor): tf.Tensor {
    return tf.tidy(() => {
      const embedded = shiftInputs[this.config.shift].map((input, index) =>
        this.table(input).apply(inputs[index]),
      );
      return tf.add(
        embedded.reduce((sum, next) => tf.add(sum, next)),
        positions,
      );
    });
  }

  dispose(): void {
    disposeParams(this);
  }
}
