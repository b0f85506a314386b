import type { AttentionPattern } from "@nuwa/attention-3dna";
import { coordinateOf, type Grid, tokenCount } from "@nuwa/tensor3d";
import type { Shift } from "../shift.ts";

/** What each position's hidden states depend on. */
export interface DependencyGraph {
  /** The positions whose hidden states it attends, itself included. */
  readonly attends: readonly ReadonlySet<number>[];
  /** The tokens that it reads. */
  readonly reads: readonly ReadonlySet<number>[];
}

/** The graph straight from the definitions, without tables: causal windows, and the shift's neighbours. */
export function dependencyGraph(pattern: AttentionPattern, grid: Grid, shift: Shift): DependencyGraph {
  const positions = [...Array(tokenCount(grid)).keys()];
  const attends = positions.map((position) => {
    const keys = [...pattern.keysOf(coordinateOf(grid, position), grid, grid)];
    return new Set(keys.filter((key) => key <= position));
  });
  const reads = positions.map((position) => {
    const { row, column, frame } = coordinateOf(grid, position);
    const before = new Set<number>();
    if (shift === "raster" ? position > 0 : column > 0) before.add(position - 1);
    if (shift === "axes" && row > 0) before.add(position - grid.width);
    if (shift === "axes" && frame > 0) before.add(position - grid.width * grid.height);
    return before;
  });
  return { attends, reads };
}

/**
 * The earliest steps by simulation: each step decides every unknown token whose hidden states depend, through however
 * many windows, on tokens that are decided before it.
 */
export function earliestSteps({ attends, reads }: DependencyGraph, known: Uint8Array): number[][] {
  const needs = neededTokens({ attends, reads });
  const decided = new Set([...known.keys()].filter((token) => known[token]));
  const steps: number[][] = [];
  while (decided.size < known.length) {
    const step = [...known.keys()].filter(
      (token) => !decided.has(token) && [...needs[token]].every((read) => decided.has(read)),
    );
    if (step.length === 0) throw new Error("The graph has a cycle.");
    for (const token of step) decided.add(token);
    steps.push(step);
  }
  return steps;
}

/** The tokens that each position's hidden states depend on: what is read anywhere that windows lead to. */
function neededTokens({ attends, reads }: DependencyGraph): Set<number>[] {
  return attends.map((_, position) => {
    const reached = new Set([position]);
    for (const place of reached) for (const key of attends[place]) reached.add(key); // grows while it is walked
    return new Set([...reached].flatMap((place) => [...reads[place]]));
  });
}
