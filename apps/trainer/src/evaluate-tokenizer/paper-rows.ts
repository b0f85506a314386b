import type { TokenizerRow } from "./table.ts";

const INCEPTION = "Inception-v3";

const row = (
  kind: string,
  data: string,
  [resolution, grid]: readonly [number, number],
  figures: Partial<TokenizerRow>,
): TokenizerRow => ({
  model: "NÜWA (paper)",
  kind,
  data,
  resolution,
  grid,
  downsampling: resolution / grid,
  ...figures,
});

/** Table 4 of arXiv 2111.12417, tokenizers of pixels, as printed there. */
export const paperPixelRows: readonly TokenizerRow[] = [
  row("VQ-VAE", "ImageNet", [256, 16], { ssim: 0.7026, frechetDistance: 13.3, features: INCEPTION }),
  row("VQ-GAN", "ImageNet", [256, 16], { ssim: 0.7105, frechetDistance: 6.04, features: INCEPTION }),
  row("VQ-GAN", "ImageNet", [256, 32], { ssim: 0.8285, frechetDistance: 2.03, features: INCEPTION }),
  row("VQ-GAN", "ImageNet", [336, 21], { ssim: 0.7213, frechetDistance: 4.79, features: INCEPTION }),
  row("VQ-GAN", "OpenImages", [336, 21], { ssim: 0.7527, frechetDistance: 4.31, features: INCEPTION }),
];

/** Its tokenizers of segmentations. */
export const paperClassRows: readonly TokenizerRow[] = [
  row("VQ-GAN-Seg", "MSCOCO", [336, 21], { pixelAccuracy: 0.9682, frequencyWeightedIoU: 0.9391 }),
  row("VQ-GAN-Seg", "VSPW", [336, 21], { pixelAccuracy: 0.9536, frequencyWeightedIoU: 0.9182 }),
];
