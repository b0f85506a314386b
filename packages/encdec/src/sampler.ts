import { LARGEST_GUMBEL, NuwaError, type Rng } from "@nuwa/tensor3d";
import { kthLargest } from "./kth-largest.ts";

export interface SamplerOptions {
  /** Divides the logits; 0 takes the likeliest code. Default 1. */
  readonly temperature?: number;
  /** Only the `topK` likeliest codes are drawn. Default: all. */
  readonly topK?: number;
  /** Only the fewest likeliest codes that hold this share of the probability are drawn. Default 1. */
  readonly topP?: number;
  /** From 0 to 2^53 - 1. Default 0. */
  readonly seed?: number;
}

/** @throws NuwaError `INPUT` for a temperature below 0, or a topK or topP that leaves nothing */
export function checkSampler({ temperature = 1, topK = 1, topP = 1 }: SamplerOptions): void {
  const wrong = (name: string, wanted: string, got: number) =>
    new NuwaError("INPUT", `sampler: ${name} must be ${wanted}, got ${got}.`);
  if (!(temperature >= 0 && temperature < Infinity))
    throw wrong("temperature", "a number of at least 0", temperature);
  if (!(Number.isInteger(topK) && topK >= 1)) throw wrong("topK", "a whole number of at least 1", topK);
  if (!(topP > 0 && topP <= 1)) throw wrong("topP", "a share above 0 and at most 1", topP);
}

/**
 * Draws a code: the largest of `logits / temperature + Gumbel noise`, which samples from their softmax.
 *
 * @param logits `[codes]`; overwritten
 * @param noise code `c` gets its number `c`, so equal streams and logits give equal codes
 */
export function sampleCode(logits: Float32Array, options: SamplerOptions, noise: Rng): number {
  const { temperature = 1, topK = logits.length, topP = 1 } = options;
  let choice = largest(logits);
  if (temperature === 0) return choice;
  for (let code = 0; code < logits.length; code++) logits[code] /= temperature;
  const least = topK < logits.length || topP < 1 ? smallestAllowed(logits, topK, topP) : -Infinity;
  let best = Math.fround(logits[choice] + noise.gumbelAt(choice));
  for (let code = 0; code < logits.length; code++) {
    const logit = logits[code];
    // Most codes need no noise: they are not allowed, or too unlikely to win with any.
    if (logit < least || logit + LARGEST_GUMBEL < best) continue;
    const score = Math.fround(logit + noise.gumbelAt(code));
    if (score > best || (score === best && code < choice)) {
      best = score;
      choice = code;
    }
  }
  return choice;
}

/** The lowest logit that may be drawn; ties with it may be drawn too. */
function smallestAllowed(logits: Float32Array, topK: number, topP: number): number {
  const values = logits.slice();
  const count = Math.min(topK, values.length);
  if (topP === 1) return kthLargest(values, count);
  if (count < values.length) kthLargest(values, count);
  const descending = values.subarray(0, count).sort().reverse();
  const weights = Float64Array.from(descending, (logit) => Math.exp(logit - descending[0]));
  const wanted = topP * weights.reduce((sum, weight) => sum + weight, 0);
  let held = 0;
  const last = weights.findIndex((weight) => (held += weight) >= wanted);
  return descending[last < 0 ? descending.length - 1 : last];
}

function largest(values: Float32Array): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}
