import { type Grid, NuwaError, nextTask, sparseCrossEntropy } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Condition } from "./condition.ts";
import type { KnownTokens } from "./generate.ts";
import type { EncoderDecoder } from "./model.ts";

/** What candidates were generated from. */
export interface ScorerContext {
  readonly model: EncoderDecoder;
  readonly condition: Condition;
  readonly grid: Grid;
  readonly known?: KnownTokens;
  readonly signal?: AbortSignal;
}

/** Gives each candidate `[tokens]` a number; the largest is the best. */
export type Scorer = (
  candidates: readonly Int32Array[],
  context: ScorerContext,
) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** A scorer: the logarithm of the model's probability of the codes that were not given, in nats, at temperature 1. */
export function likelihood(candidates: readonly Int32Array[], context: ScorerContext): Promise<number[]> {
  return overCandidates(candidates, context, (codes) => logProbability(codes, context.condition, context));
}

/**
 * A scorer: how much likelier the condition makes the codes than None does, in nats,
 * `log p(codes | condition) - log p(codes)`. It favours what the condition asks for over what is likely anyway. 0 for
 * the condition None.
 */
export function likelihoodRatio(
  candidates: readonly Int32Array[],
  context: ScorerContext,
): Promise<number[]> {
  return overCandidates(candidates, context, async (codes) => {
    if (context.condition.kind === "none") return 0;
    const cond = await logProbability(codes, context.condition, context);
    return cond - (await logProbability(codes, { kind: "none" }, context));
  });
}

/** One after the other, since the logits of a video are large. */
async function overCandidates(
  candidates: readonly Int32Array[],
  { signal }: ScorerContext,
  score: (codes: Int32Array) => Promise<number>,
): Promise<number[]> {
  const scores: number[] = [];
  for (const codes of candidates) {
    scores.push(await score(codes));
    if (signal) await nextTask(); // lets the events that abort run
    signal?.throwIfAborted();
  }
  return scores;
}

async function logProbability(
  codes: Int32Array,
  condition: Condition,
  { model, grid, known }: ScorerContext,
): Promise<number> {
  const losses = tf.tidy(() => {
    const targets = tf.tensor2d(codes, [1, codes.length], "int32");
    const logits = model.logits({ conditions: [condition], targets, grid }); // [1, tokens, codes]
    const rows = tf.reshape(logits, [codes.length, model.config.codebookSize]);
    return sparseCrossEntropy(rows, tf.reshape(targets, [-1])); // [tokens]
  });
  const values = (await losses.data().finally(() => losses.dispose())) as Float32Array;
  return values.reduce((sum, loss, token) => (known?.mask[token] ? sum : sum - loss), 0);
}

/** @throws NuwaError `INPUT` unless there is one number for each candidate */
export function checkScores(scores: ArrayLike<number>, count: number): void {
  if (scores?.length !== count) {
    throw new NuwaError(
      "INPUT",
      `generateBest: wanted one score for each of the ${count} candidates, got ${scores?.length}. Return them in the candidates' order.`,
    );
  }
  for (let sample = 0; sample < count; sample++) {
    if (typeof scores[sample] === "number" && !Number.isNaN(scores[sample])) continue;
    throw new NuwaError(
      "INPUT",
      `generateBest: wanted a number for each candidate, got ${scores[sample]} for candidate ${sample}. Give -Infinity to those that must not win.`,
    );
  }
}
