export { importDiffusers } from "./checkpoints/diffusers.ts";
export type { DiffusersVqConfig } from "./checkpoints/diffusers-config.ts";
export { exportPatchGan, importPatchGan } from "./checkpoints/patch-gan.ts";
export { exportTaming, importTaming } from "./checkpoints/taming.ts";
export { compileCodec, type VqCodec } from "./codec.ts";
export type { Compile } from "./compile.ts";
export {
  codeGrid,
  downsampling,
  type LocalVqConfig,
  parseVqConfig,
  type TamingVqConfig,
  type TamingVqConfigInput,
  type VqConfig,
  type VqConfigInput,
} from "./config.ts";
export { Decoder } from "./decoder.ts";
export { PatchDiscriminator } from "./discriminator.ts";
export {
  type DiscriminatorConfig,
  type DiscriminatorConfigInput,
  parseDiscriminatorConfig,
} from "./discriminator-config.ts";
export { Encoder } from "./encoder.ts";
export type { VqInput } from "./input.ts";
export { reconstructionLoss } from "./loss.ts";
export {
  type AdaptiveWeightInputs,
  type AdaptiveWeightOptions,
  adaptiveWeight,
} from "./losses/adaptive-weight.ts";
export {
  type AdversarialKind,
  type DiscriminatorLosses,
  discriminatorLoss,
  generatorLoss,
} from "./losses/adversarial.ts";
export { classMapLoss } from "./losses/class-map.ts";
export { lpipsHeads } from "./losses/lpips-heads.ts";
export { type FeatureNetwork, type PerceptualOptions, perceptualDistance } from "./losses/perceptual.ts";
export {
  type AdversarialTerm,
  type PerceptualTerm,
  type TokenizerLosses,
  type TokenizerLossInputs,
  tokenizerLosses,
} from "./losses/tokenizer-losses.ts";
export { Vgg16Features } from "./losses/vgg16.ts";
export { type VqLosses, VqModel } from "./model.ts";
export { hostPixels, type PixelRegion, type PixelSource } from "./pixel-source.ts";
export { CodebookQuantizer, type CodebookQuantizerConfig } from "./quantizers/codebook.ts";
export type {
  CodebookConfig,
  CosineConfig,
  EmaConfig,
  FsqConfig,
  LfqConfig,
  QuantizerConfig,
} from "./quantizers/config.ts";
export { CosineQuantizer, type CosineQuantizerConfig } from "./quantizers/cosine.ts";
export { createQuantizer } from "./quantizers/create.ts";
export { EmaQuantizer, type EmaQuantizerConfig } from "./quantizers/ema.ts";
export { FsqQuantizer, type FsqQuantizerConfig } from "./quantizers/fsq.ts";
export { type KMeansOptions, kMeans } from "./quantizers/k-means.ts";
export { LfqQuantizer, type LfqQuantizerConfig } from "./quantizers/lfq.ts";
export { nearest } from "./quantizers/nearest.ts";
export type { CodeUse, Quantized, Quantizer } from "./quantizers/quantizer.ts";
export { offTape, stopGradient, straightThrough } from "./quantizers/straight-through.ts";
export { type Reach, reach } from "./reach.ts";
export { ResBlock } from "./res-block.ts";
export { Downsample, patchify, Upsample, unpatchify } from "./resample.ts";
export { decodeFrames, encodeFrames, type FrameCodes, type StreamOptions } from "./stream.ts";
export { AttentionBlock, type AttentionBlockConfig } from "./taming/attention-block.ts";
export type { TamingNetworkConfig } from "./taming/config.ts";
export { TamingDecoder } from "./taming/decoder.ts";
export { TamingEncoder } from "./taming/encoder.ts";
export { TamingResBlock, type TamingResBlockConfig } from "./taming/res-block.ts";
export type { TileOptions, TileProgress } from "./tile-plan.ts";
export { decodeTiled, encodeTiled } from "./tiles.ts";
export {
  type AdversarialScheduleConfig,
  type AdversarialScheduleConfigInput,
  type AdversarialStep,
  adversarialSchedule,
} from "./training/adversarial-schedule.ts";
export {
  parseTrainerConfig,
  phaseOf,
  type TokenizerTrainerConfig,
  type TokenizerTrainerConfigInput,
  type TrainingPhase,
} from "./training/config.ts";
export type { AdversarialConfig, PerceptualConfig, TokenizerLossesConfig } from "./training/losses-config.ts";
export {
  type TokenizerStep,
  TokenizerTrainer,
  type TokenizerTrainerOptions,
  type TokenizerTrainerState,
} from "./training/trainer.ts";
