import type { VqConfig } from "@nuwa/vqgan";

const NAMES = { "vq-vae": "VQ-VAE", "vq-gan": "VQ-GAN", "vq-gan-seg": "VQ-GAN-Seg" } as const;

/** A tokenizer's kind as papers write it. */
export const kindName = ({ kind }: Pick<VqConfig, "kind">): string => NAMES[kind];
