export { accumulateGradients } from "./accumulate-gradients.ts";
export { gelu, silu } from "./activation.ts";
export { autocast, hasBfloat16, type ProductPrecision } from "./autocast.ts";
export { biasedConv2d, Conv2d, type Conv2dConfig, upsampleNearest2x } from "./conv.ts";
export { sparseCrossEntropy } from "./cross-entropy.ts";
export { dropout, dropoutMask } from "./dropout.ts";
export { Embedding, type EmbeddingConfig } from "./embedding.ts";
export { ensureGradients } from "./ensure-gradients.ts";
export { isNuwaError, NuwaError, type NuwaErrorCode } from "./errors.ts";
export { FUSED_KERNELS, runFused } from "./fused-kernel.ts";
export { type ValueAndGradients, valueAndGradients } from "./gradient.ts";
export { type CheckpointOptions, checkpoint } from "./gradient-checkpoint.ts";
export {
  type Coordinate,
  coordinateOf,
  describeGrid,
  type Grid,
  imageGrid,
  mapCoordinate,
  sameGrid,
  textGrid,
  tokenCount,
  tokenIndex,
  videoGrid,
} from "./grid.ts";
export { GroupNorm, type GroupNormConfig } from "./group-norm.ts";
export { Linear, type LinearConfig } from "./linear.ts";
export { matrixProduct } from "./matrix-product.ts";
export { nextTask } from "./next-task.ts";
export { LayerNorm, type LayerNormConfig } from "./norm.ts";
export { AdamW, type AdamWConfig } from "./optimizer.ts";
export {
  checkHostTensors,
  disposeParams,
  type HostTensor,
  type Layer,
  loadParams,
  namedParams,
  parameterCount,
  saveParams,
} from "./params.ts";
export { AxialPositions, type AxialPositionsConfig } from "./position.ts";
export { prefixed, under } from "./prefix.ts";
export { readBack } from "./read-back.ts";
export { LARGEST_GUMBEL, Rng, type RngState, randomNormal } from "./rng.ts";
export { type DecodedSafetensors, type DecodedTensor, decodeSafetensors } from "./safetensors/decode.ts";
export type { HostData } from "./safetensors/dtype.ts";
export { type EncodeOptions, encodeSafetensors, type HostTensorData } from "./safetensors/encode.ts";
export { type CosineScheduleConfig, cosineSchedule } from "./schedule.ts";
export { assertShape } from "./shape.ts";
export {
  type DecodedTorchCheckpoint,
  decodeTorchCheckpoint,
  type TorchCheckpointOptions,
} from "./torch/decode.ts";
