import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type AttentionBlocks, fillsWidth, wholeBlock } from "./blocks.ts";
import { composedAttention } from "./composed.ts";
import { fusedAttention } from "./fused.ts";
import { mergeHeads, splitHeads } from "./heads.ts";
import { fusedKernelsReady } from "./kernels/registry.ts";
import type { NeighbourTable } from "./neighbour-table.ts";

/** A learned number for each head and relative offset, added to the scores. */
export interface AttentionBias {
  /** `[heads, offsets]`. */
  readonly values: tf.Tensor2D;
  /** The column of `values` for each entry of the neighbour table. */
  readonly offsetOf: Int32Array;
}

/** How dense products would compute a pattern, and whether they would waste little. */
export interface BlockPlan {
  filled(): boolean;
  blocks(): AttentionBlocks;
}

export interface TableOptions {
  readonly table: NeighbourTable;
  readonly heads: number;
  readonly scale: number;
  readonly bias?: AttentionBias;
  /** How dense products would be cut. Default: not at all. */
  readonly plan?: BlockPlan;
}

/**
 * Attention over an explicit table, by the backend's fused kernel or by dense products.
 *
 * @param query `[b, heads, n, headDim]`, or all three `[b, tokens, heads * headDim]`
 * @returns as `query`
 */
export function attendTable(
  query: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  options: TableOptions,
): tf.Tensor {
  const { table, heads, scale, bias } = options;
  const keyCount = key.shape.at(-2)!;
  const attributes = { table, heads, scale, offsetOf: bias?.offsetOf };
  const inputs = bias ? [query, key, value, bias.values] : [query, key, value];
  checkFloats(inputs);
  const plan = options.plan ?? wholePlan(table, keyCount);
  if (usesFused(plan)) return fusedAttention(inputs, attributes);
  const blocks = plan.blocks();
  if (query.rank === 4) return composedAttention(inputs, { ...attributes, blocks });
  return tf.tidy(() => {
    const split = inputs.map((x, index) => (index < 3 ? splitHeads(x, heads) : x));
    return mergeHeads(composedAttention(split, { ...attributes, blocks }) as tf.Tensor4D);
  });
}

function checkFloats(inputs: readonly tf.Tensor[]): void {
  const wrong = inputs.findIndex(({ dtype }) => dtype !== "float32");
  if (wrong < 0) return;
  const name = ["query", "key", "value", "bias.values"][wrong];
  throw new NuwaError(
    "INPUT",
    `attend ${name}: wanted float32, got ${inputs[wrong].dtype}. Cast it with tf.cast(x, "float32").`,
  );
}

/** Where the blocks are filled, libtensorflow's products beat the kernel three to five times. */
function usesFused(plan: BlockPlan): boolean {
  if (tf.getBackend() === "tensorflow" && plan.filled()) return false;
  return fusedKernelsReady();
}

function wholePlan(table: NeighbourTable, keyCount: number): BlockPlan {
  return { filled: () => fillsWidth(table, keyCount), blocks: () => wholeBlock(table, keyCount) };
}
