import { type AttentionPattern, neighbourTable } from "@nuwa/attention-3dna";
import { type Grid, NuwaError, tokenCount } from "@nuwa/tensor3d";
import { type Shift, shiftedIndices } from "./shift.ts";

export interface ScheduleOptions {
  /** The decoder's self-attention, taken as causal. */
  readonly pattern: AttentionPattern;
  readonly grid: Grid;
  /** Default `axes`. */
  readonly shift?: Shift;
  /** `[tokens]`: 1 where the token is given and not decoded. Default: none is. */
  readonly known?: Uint8Array;
}

/** The positions of one decoding step. */
export interface DecodeStep {
  /** Positions whose hidden states are computed, ascending: the unknown tokens and the known ones first needed now. */
  readonly positions: Int32Array;
  /** The unknown tokens among them, which are sampled. */
  readonly unknown: Int32Array;
}

/**
 * The unknown tokens of each step of the fastest exact decoding, in order. A token can be sampled once every
 * token that feeds its window is known; the steps are the longest chains of such dependencies.
 *
 * @throws NuwaError `SHAPE` when `known` does not fit the grid; `CONFIG` as `neighbourTable` does
 */
export function decodeSchedule(options: ScheduleOptions): Int32Array[] {
  return parallelSteps(options).map(({ unknown }) => unknown);
}

/** `decodeSchedule` with the known positions whose keys and values must be computed on the way. */
export function parallelSteps(options: ScheduleOptions): DecodeStep[] {
  const { grid } = options;
  const known = checkedMask(options);
  const ready = earliestHidden(options, known);
  const needed = neededPositions(options, known);
  const steps: { positions: number[]; unknown: number[] }[] = [];
  for (let position = 0; position < tokenCount(grid); position++) {
    if (!needed[position]) continue;
    const step = (steps[ready[position]] ??= { positions: [], unknown: [] });
    step.positions.push(position);
    if (!known[position]) step.unknown.push(position);
  }
  return steps.map(frozenStep);
}

/** One unknown token a step, in raster order; a known one joins the step of the next unknown one. */
export function sequentialSteps(options: ScheduleOptions): DecodeStep[] {
  const known = checkedMask(options);
  const needed = neededPositions(options, known);
  const steps: DecodeStep[] = [];
  let positions: number[] = [];
  for (let position = 0; position < tokenCount(options.grid); position++) {
    if (!needed[position]) continue;
    positions.push(position);
    if (known[position]) continue;
    steps.push(frozenStep({ positions, unknown: [position] }));
    positions = [];
  }
  return steps;
}

function frozenStep({ positions, unknown }: { positions: number[]; unknown: number[] }): DecodeStep {
  return { positions: Int32Array.from(positions), unknown: Int32Array.from(unknown) };
}

/** H: how many steps must be over before a position's hidden states can be computed. */
function earliestHidden({ pattern, grid, shift = "axes" }: ScheduleOptions, known: Uint8Array): Int32Array {
  const { offsets, keys } = neighbourTable(pattern, { queryGrid: grid, causal: true });
  const inputs = shiftedIndices(shift, grid);
  const border = tokenCount(grid);
  const hidden = new Int32Array(border);
  for (let position = 0; position < border; position++) {
    let steps = 0;
    for (let entry = offsets[position]; entry < offsets[position + 1]; entry++) {
      if (keys[entry] !== position) steps = Math.max(steps, hidden[keys[entry]]);
    }
    for (const input of inputs) {
      const token = input[position];
      if (token !== border && !known[token]) steps = Math.max(steps, hidden[token] + 1);
    }
    hidden[position] = steps;
  }
  return hidden;
}

/** The unknown positions, and the known ones that they reach through windows. */
function neededPositions({ pattern, grid }: ScheduleOptions, known: Uint8Array): Uint8Array {
  const { offsets, keys } = neighbourTable(pattern, { queryGrid: grid, causal: true });
  const needed = known.map((bit) => (bit ? 0 : 1));
  for (let position = needed.length - 1; position >= 0; position--) {
    if (!needed[position]) continue;
    for (let entry = offsets[position]; entry < offsets[position + 1]; entry++) needed[keys[entry]] = 1;
  }
  return needed;
}

function checkedMask({ known, grid }: ScheduleOptions): Uint8Array {
  const count = tokenCount(grid);
  if (!known) return new Uint8Array(count);
  if (known.length === count) return known;
  throw new NuwaError(
    "SHAPE",
    `decodeSchedule: known needs one entry per token of the grid, ${count}, got ${known.length}.`,
  );
}
