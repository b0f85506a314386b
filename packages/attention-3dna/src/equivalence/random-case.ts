import { type Grid, type Rng, tokenCount } from "@nuwa/tensor3d";
import type { AttendOptions } from "../attend.ts";
import { axial } from "../axial.ts";
import { blockSparse } from "../block-sparse.ts";
import { full } from "../full.ts";
import { nearby } from "../nearby.ts";
import type { AttentionPattern, Extent } from "../pattern.ts";

/** A drawn problem for `attend`, or for `attendSequence`. */
export interface RandomCase {
  /** For messages: everything that was drawn. */
  readonly name: string;
  readonly options: Omit<AttendOptions, "bias">;
  readonly batch: number;
  readonly heads: number;
  readonly headDim: number;
  readonly sequence: boolean;
  /** Columns of the bias; 0 without one. */
  readonly biasOffsets: number;
  /** Standard deviation of queries and keys. */
  readonly spread: number;
}

const headDims = [1, 2, 3, 4, 5, 7, 8, 12, 16, 20, 32, 33, 64, 80];

/** The same case for the same state of `rng`. */
export function randomCase(rng: Rng): RandomCase {
  const pick = <Item>(items: readonly Item[]): Item => items[rng.integers(1, items.length)[0]];
  const chance = (share: number): boolean => rng.uniform(1)[0] < share;
  const grid = (): Grid => ({
    height: pick([1, 2, 3, 4, 5]),
    width: pick([1, 2, 3, 5, 6]),
    frames: pick([1, 2, 3, 4]),
  });
  const queryGrid = grid();
  const causal = chance(0.5);
  const keyGrid = !causal && chance(0.5) ? grid() : undefined;
  const pattern = randomPattern(pick, chance, rng);
  const scale = chance(0.3) ? 0.3 : undefined;
  const drawn = {
    batch: pick([1, 1, 2, 3]),
    heads: pick([1, 2, 3]),
    headDim: pick(headDims),
    sequence: chance(0.5),
    biasOffsets: chance(0.4) ? pick([1, 4, 7]) : 0,
    spread: pick([0.1, 1, 2]),
  };
  const grids = [queryGrid, keyGrid ?? queryGrid].map(
    ({ height, width, frames }) => `${height}x${width}x${frames}`,
  );
  const name = `${pattern.name}, ${grids.join(" to ")}${causal ? ", causal" : ""}, ${JSON.stringify({ ...drawn, scale })}`;
  return { name, options: { pattern, queryGrid, keyGrid, causal, scale }, ...drawn };
}

function randomPattern(
  pick: <Item>(items: readonly Item[]) => Item,
  chance: (share: number) => boolean,
  rng: Rng,
): AttentionPattern {
  const extent = (sizes: readonly number[]): Extent => ({
    height: pick(sizes),
    width: pick(sizes),
    frames: pick(sizes),
  });
  switch (pick(["nearby", "nearby", "nearby", "axial", "block-sparse", "full", "own"])) {
    case "nearby":
      if (chance(0.3)) return nearby({ extent: extent([1, 3, 5, Infinity]) }, { border: "shift" });
      if (chance(0.5))
        return nearby({ radius: extent([0, 1, 2, Infinity]) }, { dilation: extent([1, 1, 2, 3]) });
      return nearby({ extent: extent([1, 3, 5, Infinity]) });
    case "axial":
      return axial();
    case "block-sparse":
      return blockSparse({ block: extent([1, 2, 3, Infinity]) });
    case "full":
      return full();
    default:
      return ownPattern(rng.next());
  }
}

/** Key 0 and a random half of the others, differently for each query. */
function ownPattern(seed: number): AttentionPattern {
  return {
    name: `own ${seed}`,
    *keysOf({ row, column, frame }, _queryGrid, keyGrid) {
      yield 0;
      for (let key = 1; key < tokenCount(keyGrid); key++) {
        const mixed = Math.imul(seed + row * 31 + column * 17 + frame * 13 + key * 101, 0x9e3779b1) >>> 0;
        if (mixed > 2 ** 31) yield key;
      }
    },
  };
}
