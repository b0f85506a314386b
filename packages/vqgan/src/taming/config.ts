import { z } from "zod";

const size = z.int().positive();

/** Groups of every GroupNorm. */
export const GROUPS = 32;

/** The fields of taming-transformers' architecture beside those that all have. Its own names are in brackets. */
export const tamingFields = {
  architecture: z.literal("taming"),
  /** Channels of the decoded pictures (`out_ch`). Default as many as the encoder reads. */
  outChannels: size.optional(),
  /** Width that `multipliers` count in (`ch`), a multiple of 32. */
  channels: size,
  /** Width of each level; every level after the first one halves the resolution (`ch_mult`). */
  multipliers: z.array(size).min(1),
  /** Residual blocks of each level of the encoder; the decoder has one more (`num_res_blocks`). */
  blocks: size,
  /** Levels that attend, by the side that they have in pictures of `resolution` (`attn_resolutions`). */
  attentionResolutions: z.array(size).default(() => []),
  /** Whether the blocks between the levels of encoder and decoder attend; in taming-transformers they always do. */
  middleAttention: z.boolean().default(true),
  /** Channels between the networks and the 1×1 convolutions around the codebook (`z_channels`). */
  latentDim: size,
  /** Only without the doubled channels of Gaussian latents (`double_z`). */
  doubleZ: z.literal(false).default(false),
};

interface Checked {
  readonly resolution: number;
  readonly channels: number;
  readonly multipliers: readonly number[];
  readonly attentionResolutions: readonly number[];
}

/** What the fields must be to one another. */
export function checkTaming(config: Checked, context: z.RefinementCtx): void {
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  const { resolution, channels, multipliers, attentionResolutions } = config;
  if (channels % GROUPS !== 0) refuse("channels", `must be a multiple of ${GROUPS}, got ${channels}`);
  const pixels = 2 ** (multipliers.length - 1);
  if (resolution % pixels !== 0) {
    refuse("resolution", `must be a multiple of 2^(levels − 1) = ${pixels}, got ${resolution}`);
    return;
  }
  const sides = multipliers.map((_, level) => resolution / 2 ** level);
  const foreign = attentionResolutions.filter((side) => !sides.includes(side));
  if (foreign.length > 0) {
    refuse("attentionResolutions", `wants sides of levels, ${sides.join(", ")}, got ${foreign.join(", ")}`);
  }
}

/** What the networks read of a config. */
export interface TamingNetworkConfig extends Checked {
  readonly inChannels: number;
  readonly outChannels?: number;
  readonly blocks: number;
  /** Default true. */
  readonly middleAttention?: boolean;
  readonly latentDim: number;
  readonly embeddingDim: number;
}

/** Width of each level, and whether it attends. */
export function levelsOf(config: TamingNetworkConfig): { width: number; attends: boolean }[] {
  return config.multipliers.map((multiplier, level) => ({
    width: config.channels * multiplier,
    attends: config.attentionResolutions.includes(config.resolution / 2 ** level),
  }));
}
