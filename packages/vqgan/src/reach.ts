import type { VqConfig } from "./config.ts";

/** In codes along an axis; Infinity where every code can depend on all of the picture. */
export interface Reach {
  /** How far beyond its own pixels a code depends on the picture. */
  readonly encoder: number;
  /** How far beyond its own code a pixel depends on the codes. */
  readonly decoder: number;
}

/**
 * How far the networks look. A 3×3 convolution looks one position further, at level l of L that is 2^(l + 1 − L)
 * codes; patches, halvings and doublings look no further. So with "local" networks the encoder reaches
 * `⌈Σ_l encoderBlocks[l] · 2^(l + 1 − L)⌉` codes (0 where `encoderKernel` is 1) and the decoder
 * `⌈1 + Σ_l decoderBlocks[l] · 2^(l + 1 − L) + 2^(1 − L)⌉`: the blocks between its first and its last convolution.
 * "taming" networks attend and normalise over the whole picture.
 */
export function reach(config: VqConfig): Reach {
  if (config.architecture === "taming") {
    return { encoder: Number.POSITIVE_INFINITY, decoder: Number.POSITIVE_INFINITY };
  }
  const last = config.channels.length - 1;
  const codes = (blocks: readonly number[]) =>
    blocks.reduce((sum, count, level) => sum + count * 2 ** (level - last), 0);
  return {
    encoder: config.encoderKernel === 1 ? 0 : Math.ceil(codes(config.encoderBlocks)),
    decoder: Math.ceil(1 + codes(config.decoderBlocks) + 2 ** -last),
  };
}
