export {
  codeGrid,
  downsampling,
  type EmaConfig,
  parseVqConfig,
  type VqConfig,
  type VqConfigInput,
} from "./config.ts";
export { Decoder } from "./decoder.ts";
export { Encoder } from "./encoder.ts";
export { reconstructionLoss } from "./loss.ts";
export { type VqLosses, VqModel } from "./model.ts";
export { EmaQuantizer, type EmaQuantizerConfig } from "./quantizers/ema.ts";
export { type KMeansOptions, kMeans } from "./quantizers/k-means.ts";
export { nearest } from "./quantizers/nearest.ts";
export type { CodeUse, Quantized, Quantizer } from "./quantizers/quantizer.ts";
export { offTape, straightThrough } from "./quantizers/straight-through.ts";
export { ResBlock } from "./res-block.ts";
export { Downsample, patchify, Upsample, unpatchify } from "./resample.ts";
export { type TokenizerStep, TokenizerTrainer, type TokenizerTrainerState } from "./trainer.ts";
export {
  parseTrainerConfig,
  phaseOf,
  type TokenizerTrainerConfig,
  type TokenizerTrainerConfigInput,
  type TrainingPhase,
} from "./trainer-config.ts";
