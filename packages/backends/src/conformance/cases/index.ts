import type { Cases } from "../case.ts";
import { convolutionCases } from "./convolution.ts";
import { dtypeCases } from "./dtypes.ts";
import { elementwiseCases } from "./elementwise.ts";
import { indexCases } from "./indices.ts";
import { layerCases } from "./layers.ts";
import { matMulCases } from "./mat-mul.ts";
import { reduceCases } from "./reduce.ts";
import { shapeCases } from "./shapes.ts";
import { trainingCases } from "./training.ts";

/** Every op, gradient, composition and layer that the packages compute with. */
export const cases: Cases = {
  ...matMulCases,
  ...elementwiseCases,
  ...reduceCases,
  ...indexCases,
  ...shapeCases,
  ...dtypeCases,
  ...convolutionCases,
  ...layerCases,
  ...trainingCases,
};
