const KINDS = { "vq-vae": "VQ-VAE", "vq-gan": "VQ-GAN", "vq-gan-seg": "VQ-GAN-Seg" } as const;

export type TokenizerKind = keyof typeof KINDS;

/** The kind of a tokenizer's config; a config that says nothing is a VQ-VAE's. */
export function kindOf({
  kind = "vq-vae",
}: {
  readonly kind?: TokenizerKind;
  readonly resolution: number;
}): TokenizerKind {
  return kind;
}

/** The kind as papers write it. */
export const kindName = (kind: TokenizerKind): string => KINDS[kind];
