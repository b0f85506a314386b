/** Deviation of weights as in GPT-2. */
export const WEIGHT_STD = 0.02;

/** Weights that write into the residual stream are smaller the more layers there are. */
export function residualStd(layers: number): number {
  return WEIGHT_STD / Math.sqrt(2 * layers);
}
