import { NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";
import { lossesSchema } from "./losses-config.ts";

const share = z.number().min(0).lt(1);

const schema = z
  .strictObject({
    totalSteps: z.int().positive(),
    /** The schedule's highest learning rate; it rises in a line and falls to `finalLearningRate` as a cosine. */
    learningRate: z.number().positive().default(3e-3),
    /** Share of the steps in which the learning rate rises. */
    riseShare: share.default(0.08),
    finalLearningRate: z.number().nonnegative().default(0),
    /** Share of the steps, from the first on, that train without quantizing. */
    warmupShare: share.default(0.4),
    /** Share of the steps, up to the last, that train the decoder only, on codes that stay as they are. */
    decoderShare: share.default(0.05),
    /** Batches at the end of the warm-up whose latents the first codes are fitted to. */
    fitBatches: z.int().positive().default(8),
    weightDecay: z.number().nonnegative().default(1e-4),
    beta2: z.number().gt(0).lt(1).default(0.95),
    clipNorm: z.number().positive().optional(),
    /** Terms beside reconstruction and codebook. Default: perceptual and adversarial for a `"vq-gan"`, else none. */
    losses: lossesSchema.optional(),
  })
  .refine((config) => config.warmupShare + config.decoderShare < 1, {
    error: "warmupShare + decoderShare must stay below 1, so that some steps train the codes",
  })
  .readonly();

/** How a tokenizer is trained: plain JSON. */
export type TokenizerTrainerConfig = z.output<typeof schema>;
/** The same before defaults are filled in. */
export type TokenizerTrainerConfigInput = z.input<typeof schema>;

/**
 * Checks a config and fills in its defaults.
 *
 * @throws NuwaError `CONFIG` that lists every wrong, missing and unknown field
 */
export function parseTrainerConfig(input: unknown): TokenizerTrainerConfig {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new NuwaError("CONFIG", `TokenizerTrainer: ${z.prettifyError(result.error)}`);
}

/** What a step trains: everything without codes, everything with codes, or the decoder on fixed codes. */
export type TrainingPhase = "continuous" | "quantized" | "decoder";

/** The phase of a step, counted from 0. */
export function phaseOf(step: number, config: TokenizerTrainerConfig): TrainingPhase {
  const { totalSteps, warmupShare, decoderShare } = config;
  if (step < Math.floor(totalSteps * warmupShare)) return "continuous";
  return step < totalSteps - Math.floor(totalSteps * decoderShare) ? "quantized" : "decoder";
}
