export {
  type AttendOptions,
  type AttendSequenceOptions,
  attend,
  attendSequence,
} from "./attend.ts";
export type { AttentionBias } from "./attend-table.ts";
export {
  Attention3D,
  type Attention3DConfig,
  type Attention3DInit,
  type Attention3DOptions,
} from "./attention.ts";
export { axial } from "./axial.ts";
export { blockSparse } from "./block-sparse.ts";
export { AttentionCache } from "./decode/attention-cache.ts";
export { CachePlan, type CacheStep } from "./decode/cache-plan.ts";
export type { CacheAttention, KeyValueCache } from "./decode/key-value-cache.ts";
export { type SelectedRows, selectRows } from "./decode/select-rows.ts";
export { attendDense } from "./dense.ts";
export { full } from "./full.ts";
export { kernelMemory, kernelThreads, type PrepareOptions, prepareKernels } from "./kernels/wasm/prepare.ts";
export { attentionMask, pairCount } from "./mask.ts";
export { type NearbyOptions, type NearbySize, nearby } from "./nearby.ts";
export { type NeighbourTable, neighbourTable } from "./neighbour-table.ts";
export type { AttentionPattern, AttentionShape, Extent } from "./pattern.ts";
export { type RotaryTable, rotaryTable, rotate } from "./rotary.ts";
