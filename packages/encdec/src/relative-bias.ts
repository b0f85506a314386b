import {
  type AttentionBias,
  type AttentionPattern,
  type NeighbourTable,
  neighbourTable,
} from "@nuwa/attention-3dna";
import { coordinateOf, disposeParams, type Grid } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { EncoderDecoderConfig } from "./config.ts";

/**
 * A learned number for each head and each offset between a query and a key of the decoder's window, from 0.
 * Params: `values` `[heads, offsets]`, offsets in the order (frame, row, column).
 */
export class RelativeBias {
  readonly params: { readonly values: tf.Variable };
  private readonly reach: readonly [frames: number, height: number, width: number];
  private readonly columns = new WeakMap<NeighbourTable, Int32Array>();

  constructor(config: EncoderDecoderConfig) {
    const { heads, decoderPattern, targetGrid } = config;
    this.reach = offsetReach(decoderPattern, targetGrid);
    this.params = { values: tf.tidy(() => tf.variable(tf.zeros([heads, offsetCount(config)]))) };
  }

  /** What `attend` adds to the scores of a causal pattern over a grid. */
  bias(pattern: AttentionPattern, grid: Grid): AttentionBias {
    const table = neighbourTable(pattern, { queryGrid: grid, causal: true });
    const offsetOf = this.columns.get(table) ?? this.columnsOf(table, grid);
    this.columns.set(table, offsetOf);
    return { values: this.params.values as tf.Tensor as tf.Tensor2D, offsetOf };
  }

  /** The column of `values` for a query and a key before it. */
  private column(grid: Grid, query: number, key: number): number {
    const [, height, width] = this.reach;
    const from = coordinateOf(grid, query);
    const to = coordinateOf(grid, key);
    const row = to.row - from.row + height;
    const column = to.column - from.column + width;
    return ((from.frame - to.frame) * (2 * height + 1) + row) * (2 * width + 1) + column;
  }

  dispose(): void {
    disposeParams(this);
  }

  private columnsOf({ offsets, keys }: NeighbourTable, grid: Grid): Int32Array {
    const columns = new Int32Array(keys.length);
    for (let query = 0; query < offsets.length - 1; query++) {
      for (let entry = offsets[query]; entry < offsets[query + 1]; entry++) {
        columns[entry] = this.column(grid, query, keys[entry]);
      }
    }
    return columns;
  }
}

/** How many offsets there are between a query and the keys of its causal window. */
export function offsetCount({ decoderPattern, targetGrid }: EncoderDecoderConfig): number {
  const [frames, height, width] = offsetReach(decoderPattern, targetGrid);
  return (frames + 1) * (2 * height + 1) * (2 * width + 1); // causal: no later frame
}

/** The largest offset along each axis between a query and a key of the window. */
function offsetReach(
  pattern: EncoderDecoderConfig["decoderPattern"],
  grid: Grid,
): readonly [frames: number, height: number, width: number] {
  const window = typeof pattern === "object" && pattern.kind === "nearby" ? pattern : undefined;
  const reach = (axis: 0 | 1 | 2, size: number) => {
    const extent = window?.extent?.[axis];
    const radius = window?.radius?.[axis] ?? (typeof extent === "number" ? (extent - 1) / 2 : "all");
    if (radius === "all") return size - 1;
    // A shifted window reaches as far as it is wide.
    return Math.min(
      size - 1,
      radius * (window?.dilation?.[axis] ?? 1) * (window?.border === "shift" ? 2 : 1),
    );
  };
  return [reach(2, grid.frames), reach(0, grid.height), reach(1, grid.width)];
}
