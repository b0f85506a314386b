import { NuwaError } from "@nuwa/tensor3d";
import { type GenerateOptions, generate } from "./generate.ts";
import type { EncoderDecoder } from "./model.ts";
import { checkScores, likelihood, type Scorer } from "./scorer.ts";

export interface GenerateBestOptions extends GenerateOptions {
  /** How many candidates to draw, all at once. */
  readonly samples: number;
  /** How many of them to give back. Default 1. */
  readonly keep?: number;
  /** Default `likelihood`. */
  readonly scorer?: Scorer;
}

export interface ScoredCodes {
  /** `[tokens]`. */
  readonly codes: Int32Array;
  readonly score: number;
  /** Which of the samples of `generate` it is, from 0. */
  readonly sample: number;
}

/**
 * Draws samples as `generate` does and gives back those with the largest scores, the best first; of equal scores the
 * earlier sample comes first.
 *
 * @throws NuwaError as `generate` does, and `INPUT` for a `keep` that is not from 1 to `samples`, or for scores that are
 * not one number a candidate; what the scorer throws; the signal's reason when aborted
 */
export async function generateBest(
  model: EncoderDecoder,
  { keep = 1, scorer = likelihood, ...options }: GenerateBestOptions,
): Promise<ScoredCodes[]> {
  const { samples, condition, grid, known, signal } = options;
  if (!(Number.isInteger(keep) && keep >= 1 && keep <= samples)) {
    throw new NuwaError(
      "INPUT",
      `generateBest: keep must be a whole number from 1 to samples, ${samples}, got ${keep}.`,
    );
  }
  const candidates = await generate(model, options);
  const scores = await scorer(candidates, { model, condition, grid, known, signal });
  signal?.throwIfAborted();
  checkScores(scores, samples);
  return candidates
    .map((codes, sample) => ({ codes, score: scores[sample], sample }))
    .sort((a, b) => compare(b.score, a.score))
    .slice(0, keep);
}

/** Infinities are equal to themselves, as their difference is not. */
function compare(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}
