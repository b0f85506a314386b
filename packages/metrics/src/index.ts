export { frechetDistance } from "./frechet-distance.ts";
export { type FrechetState, FrechetStatistics } from "./frechet-statistics.ts";
export type { PixelRange } from "./images.ts";
export { type PsnrOptions, psnr } from "./psnr.ts";
export { SegmentationScore, type SegmentationScoreConfig } from "./segmentation-score.ts";
export { type SsimOptions, ssim } from "./ssim.ts";
