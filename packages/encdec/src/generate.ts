import { type Grid, NuwaError, nextTask, Rng, tokenCount } from "@nuwa/tensor3d";
import { type Condition, checkTokens } from "./condition.ts";
import { allFinite, notFinite } from "./finite.ts";
import { checkTargetGrid } from "./grids.ts";
import type { EncoderDecoder } from "./model.ts";
import { checkSampler, type SamplerOptions, sampleCode } from "./sampler.ts";
import { parallelSteps, sequentialSteps } from "./schedule.ts";
import { StepDecoder } from "./step-decoder.ts";

/** Tokens that are given and kept: `mask` `[tokens]` is 1 at them; the other `codes` are ignored. */
export interface KnownTokens {
  readonly mask: Uint8Array;
  readonly codes: Int32Array;
}

export interface StepProgress {
  /** Steps done, from 1 to `steps`. */
  readonly step: number;
  readonly steps: number;
  /** The tokens that the step decoded. */
  readonly tokens: Int32Array;
  /** What is decoded so far, one for each result, 0 where nothing is yet. Copy what you keep. */
  readonly codes: readonly Int32Array[];
}

interface CommonOptions {
  readonly grid: Grid;
  readonly sampler?: SamplerOptions;
  /** `uncond + guidance * (cond - uncond)`; 1, the default, and the condition None skip it. */
  readonly guidance?: number;
  /** `parallel`: the fewest steps; `sequential`: one token a step. Equal results. Default `parallel`. */
  readonly schedule?: "parallel" | "sequential";
  readonly onStep?: (progress: StepProgress) => void;
  /** Aborting rejects with the signal's reason after the current step. */
  readonly signal?: AbortSignal;
}

export interface GenerateOptions extends CommonOptions {
  readonly condition: Condition;
  readonly known?: KnownTokens;
  /** How many results to draw. Default 1. */
  readonly samples?: number;
}

export interface GenerateBatchOptions extends CommonOptions {
  /** One for each result. */
  readonly conditions: readonly Condition[];
  /** One for all results: the same mask, and codes for all or for each. */
  readonly known?: { readonly mask: Uint8Array; readonly codes: Int32Array | readonly Int32Array[] };
  /** One for each result, which then equals the first sample of `generate` under that seed. */
  readonly seeds?: readonly number[];
}

/**
 * Draws codes for a condition, `[tokens]` in raster order for each sample.
 *
 * A token's noise depends on (seed, sample, token) only, so both schedules, and any number of samples, give
 * the same codes.
 *
 * @throws NuwaError `INPUT` or `SHAPE` for options that do not fit the model, `CHECKPOINT` for weights that are not
 * finite, by name; the signal's reason when aborted
 */
export function generate(
  model: EncoderDecoder,
  { condition, samples = 1, ...options }: GenerateOptions,
): Promise<Int32Array[]> {
  return generateBatch(model, { ...options, conditions: new Array<Condition>(samples).fill(condition) });
}

/** `generate` for several conditions at once. Without `seeds`, result `i` is sample `i` of the sampler's seed. */
export async function generateBatch(
  model: EncoderDecoder,
  options: GenerateBatchOptions,
): Promise<Int32Array[]> {
  const {
    conditions,
    grid,
    known,
    sampler = {},
    guidance = 1,
    schedule = "parallel",
    onStep,
    signal,
  } = options;
  checkOptions(model, options);
  const codes = conditions.map((_, row) => initialCodes(grid, known, row));
  const noises = conditions.map((_, row) => noiseOf(options, row));
  const scheduleOptions = {
    pattern: model.decoderPattern,
    grid,
    shift: model.config.shift,
    known: known?.mask,
  };
  const steps = schedule === "parallel" ? parallelSteps(scheduleOptions) : sequentialSteps(scheduleOptions);
  const guided =
    guidance === 1 ? [] : [...conditions.keys()].filter((row) => conditions[row].kind !== "none");
  const rows = [...codes, ...guided.map((row) => codes[row])]; // the unconditional rows share their codes
  const none: Condition = { kind: "none" };

  signal?.throwIfAborted();
  const decoder = new StepDecoder(model, grid, [...conditions, ...guided.map(() => none)], steps);
  try {
    for (const [index, step] of steps.entries()) {
      const logits = decoder.step(step, rows);
      const values = (await logits.data().finally(() => logits.dispose())) as Float32Array;
      if (!allFinite(values)) throw await notFinite("generate", model);
      const rowLogits = (row: number, place: number) => {
        const start = (row * step.unknown.length + place) * model.config.codebookSize;
        return values.subarray(start, start + model.config.codebookSize);
      };
      for (const [place, token] of step.unknown.entries()) {
        guided.forEach((row, extra) => {
          guide(rowLogits(row, place), rowLogits(codes.length + extra, place), guidance);
        });
        codes.forEach((row, sample) => {
          row[token] = sampleCode(rowLogits(sample, place), sampler, noises[sample].fork(token));
        });
      }
      onStep?.({ step: index + 1, steps: steps.length, tokens: step.unknown, codes });
      if (signal || onStep) await nextTask(); // lets the events that abort run
      signal?.throwIfAborted();
    }
    return codes;
  } finally {
    decoder.dispose();
  }
}

/** `cond = uncond + guidance * (cond - uncond)`, in place. */
function guide(cond: Float32Array, uncond: Float32Array, guidance: number): void {
  for (let code = 0; code < cond.length; code++)
    cond[code] = uncond[code] + guidance * (cond[code] - uncond[code]);
}

function initialCodes(grid: Grid, known: GenerateBatchOptions["known"], row: number): Int32Array {
  const codes = new Int32Array(tokenCount(grid));
  if (!known) return codes;
  const given = codesOf(known, row);
  return codes.map((_, token) => (known.mask[token] ? given[token] : 0));
}

function codesOf({ codes }: NonNullable<GenerateBatchOptions["known"]>, row: number): Int32Array {
  return codes instanceof Int32Array ? codes : codes[row];
}

function noiseOf({ seeds, sampler }: GenerateBatchOptions, row: number): Rng {
  return seeds ? new Rng(seeds[row]).fork("sample", 0) : new Rng(sampler?.seed ?? 0).fork("sample", row);
}

function checkOptions(model: EncoderDecoder, options: GenerateBatchOptions): void {
  const { grid, conditions, known, sampler = {}, guidance = 1, schedule = "parallel", seeds } = options;
  const fail = (message: string) => new NuwaError("INPUT", `generate: ${message}`);
  checkSampler(sampler);
  if (conditions.length === 0) throw fail("wanted at least one sample, got none.");
  if (!Number.isFinite(guidance)) throw fail(`guidance must be a number, got ${guidance}.`);
  if (schedule !== "parallel" && schedule !== "sequential") {
    throw fail(`schedule must be "parallel" or "sequential", got ${JSON.stringify(schedule)}.`);
  }
  checkTargetGrid("generate", grid, model.config);
  if (seeds && seeds.length !== conditions.length) {
    throw fail(`wanted one seed for each of the ${conditions.length} conditions, got ${seeds.length}.`);
  }
  if (!known) return;
  const count = tokenCount(grid);
  if (known.mask.length !== count)
    throw fail(`known.mask has one entry a token, ${count}, got ${known.mask.length}.`);
  conditions.forEach((_, row) => {
    const codes = codesOf(known, row);
    if (codes?.length !== count)
      throw fail(`known.codes has one entry a token, ${count}, got ${codes?.length}.`);
    checkTokens(
      codes.filter((_, token) => known.mask[token]),
      model.config.codebookSize,
      "generate: known codes",
    );
  });
}
