import type { SamplerOptions } from "../sampler.ts";

/** A token that two schedules drew differently, with what each drew it from. */
export interface Difference {
  readonly codes: readonly [first: number, second: number];
  /** `[codes]`, guided. */
  readonly logits: readonly [first: Float32Array, second: Float32Array];
  readonly sampler: SamplerOptions;
  readonly noise: Float32Array;
}

/**
 * Whether rounding explains a difference: each code is the one to draw from its logits, and either the two codes'
 * scores, or a code and the cut of topK or topP that it passed only once, are no further apart than twice the largest
 * difference of the logits.
 */
export function isExcused({ codes: [first, second], logits, sampler, noise }: Difference): boolean {
  const { temperature = 1 } = sampler;
  const [one, other] = logits.map((values) => rank(values, sampler, noise));
  if (one.drawn !== first || other.drawn !== second) return false;
  const differences = logits[0].map((value, code) => Math.abs(value - logits[1][code]));
  const slack = (2 * Math.max(...differences)) / (temperature || 1);
  if (!one.isAllowed(second)) return one.fromCut(second) <= slack;
  if (!other.isAllowed(first)) return other.fromCut(first) <= slack;
  return Math.abs(one.score(first) - one.score(second)) <= slack;
}

/** The sampler's rules written plainly, with a full sort. */
function rank(logits: Float32Array, sampler: SamplerOptions, noise: Float32Array) {
  const { temperature = 1, topK = logits.length, topP = 1 } = sampler;
  const greedy = temperature === 0;
  const scaled = logits.map((logit) => logit / (temperature || 1));
  const ranked = [...scaled.keys()].sort((a, b) => scaled[b] - scaled[a]);
  const most = Math.min(topK, ranked.length);
  const weight = (code: number) => Math.exp(scaled[code] - scaled[ranked[0]]);
  const total = ranked.slice(0, most).reduce((sum, code) => sum + weight(code), 0);
  /** The share of the probability that the codes before a place hold. */
  const shareBefore = (place: number) =>
    ranked.slice(0, place).reduce((sum, code) => sum + weight(code), 0) / total;
  let count = most;
  while (count > 1 && shareBefore(count - 1) >= topP) count--;
  const kth = scaled[ranked[most - 1]];
  const isAllowed = (code: number) => greedy || scaled[code] >= scaled[ranked[count - 1]];
  const score = (code: number) => scaled[code] + (greedy ? 0 : noise[code]);
  const drawn = [...scaled.keys()].filter(isAllowed).reduce((best, code) => {
    return Math.fround(score(code)) > Math.fround(score(best)) ? code : best;
  });
  return {
    drawn,
    isAllowed,
    score,
    /** How far a logit is from the last that topK takes, or what lies before it from the share topP; the nearer one. */
    fromCut: (code: number) => {
      const fromShare = topP < 1 ? Math.abs(shareBefore(ranked.indexOf(code)) - topP) : Infinity;
      const fromKth = most < ranked.length ? Math.abs(scaled[code] - kth) : Infinity;
      return Math.min(fromShare, fromKth);
    },
  };
}
