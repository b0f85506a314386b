import type * as tf from "@tensorflow/tfjs-core";
import { constantGradients } from "./constant.ts";
import { cumsumGradient, prodGradient } from "./cumulative.ts";
import { einsumGradient } from "./einsum.ts";
import { fusedConv2dGradient } from "./fused-conv2d.ts";
import {
  gatherGradient,
  gatherNdGradient,
  scatterNdGradient,
  tensorScatterUpdateGradient,
} from "./gather.ts";
import { depthToSpaceGradient, mirrorPadGradient, tileGradient } from "./layout.ts";
import { leakyReluGradient } from "./leaky-relu.ts";
import { batchMatMulGradient } from "./mat-mul.ts";
import { maximumGradient, minimumGradient } from "./min-max.ts";
import { squaredDifferenceGradient } from "./squared-difference.ts";
import { stridedSliceGradient } from "./strided-slice.ts";

/** Gradients that tfjs-core lacks, has wrong or computes in many passes, composed of other ops. */
export const repairedGradients: readonly tf.GradConfig[] = [
  batchMatMulGradient,
  cumsumGradient,
  depthToSpaceGradient,
  einsumGradient,
  fusedConv2dGradient,
  gatherGradient,
  gatherNdGradient,
  leakyReluGradient,
  maximumGradient,
  minimumGradient,
  mirrorPadGradient,
  prodGradient,
  scatterNdGradient,
  squaredDifferenceGradient,
  stridedSliceGradient,
  tensorScatterUpdateGradient,
  tileGradient,
  ...constantGradients,
];
