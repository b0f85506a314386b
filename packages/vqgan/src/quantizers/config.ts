import { z } from "zod";
import { MAX_CODES } from "./mixed-radix.ts";

const weight = z.number().nonnegative();

/** β, the weight of the commitment term. */
const commitment = weight.default(0.25);
/** Share of a code's running count (with "ema": of its running sum too) that a step keeps. */
const decay = z.number().gt(0).lt(1).default(0.98);
/** A code whose running count (latents a batch) falls below this restarts at a latent of the batch; 0: none does. */
const deadBelow = z.number().nonnegative().default(0.03);

const ema = z.strictObject({
  kind: z.literal("ema"),
  commitment,
  decay,
  /** Laplace smoothing of the running counts. */
  epsilon: z.number().positive().default(1e-5),
  deadBelow,
});

const codebook = z.strictObject({ kind: z.literal("codebook"), commitment, decay, deadBelow });

const cosine = z.strictObject({
  kind: z.literal("cosine"),
  commitment,
  decay,
  deadBelow,
  /** Width of the codes. */
  codeDim: z.int().min(2).default(8),
});

const fsq = z.strictObject({
  kind: z.literal("fsq"),
  /** Values that each dimension of a code can take; their product is the number of codes. */
  levels: z.array(z.int().min(2)).min(1),
});

const lfq = z.strictObject({
  kind: z.literal("lfq"),
  /** Binary dimensions of a code: there are 2^codeDim codes. */
  codeDim: z.int().positive(),
  commitment,
  /** Weight of both entropies. */
  entropy: weight.default(0.1),
  /** Weight of the batch's entropy relative to that of each latent. */
  diversity: weight.default(1),
  /** τ: the smaller, the nearer to its sign's a latent's distribution over the codes. */
  temperature: z.number().positive().default(0.1),
});

/** A quantizer, chosen by its `kind`. */
export const quantizerSchema = z.discriminatedUnion("kind", [ema, codebook, cosine, fsq, lfq]);

export type EmaConfig = Readonly<z.output<typeof ema>>;
export type CodebookConfig = Readonly<z.output<typeof codebook>>;
export type CosineConfig = Readonly<z.output<typeof cosine>>;
export type FsqConfig = { readonly kind: "fsq"; readonly levels: readonly number[] };
export type LfqConfig = Readonly<z.output<typeof lfq>>;
export type QuantizerConfig = EmaConfig | CodebookConfig | CosineConfig | FsqConfig | LfqConfig;

interface WithCodebookSize {
  readonly quantizer: QuantizerConfig;
  readonly codebookSize?: number;
}

/** The number of codes: what the quantizer implies, or else `codebookSize`. */
export function codebookSizeOf({ quantizer, codebookSize }: WithCodebookSize): number {
  return impliedCodes(quantizer) ?? codebookSize!;
}

/** Reports a codebook size that is missing, too large, or another than the quantizer's. */
export function checkCodebookSize(config: WithCodebookSize, context: z.core.$RefinementCtx<unknown>): void {
  const { quantizer, codebookSize } = config;
  const implied = impliedCodes(quantizer);
  const count = implied ?? codebookSize;
  const report = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (count === undefined) {
    report("codebookSize", `wants the number of codes, which "${quantizer.kind}" does not imply`);
  } else if (count > MAX_CODES) {
    report(implied === undefined ? "codebookSize" : "quantizer", `wants at most 2^24 codes, got ${count}`);
  } else if (implied !== undefined && codebookSize !== undefined && codebookSize !== implied) {
    report("codebookSize", `must be the quantizer's ${implied} or left out, got ${codebookSize}`);
  }
}

function impliedCodes(quantizer: QuantizerConfig): number | undefined {
  if (quantizer.kind === "fsq") return quantizer.levels.reduce((product, level) => product * level, 1);
  return quantizer.kind === "lfq" ? 2 ** quantizer.codeDim : undefined;
}
