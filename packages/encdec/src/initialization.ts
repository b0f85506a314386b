/**
 * Deviation of embeddings and positions as drawn. Weights are drawn with `inFeatures ** -0.5` (Linear's default):
 * GPT-2's 0.02 suits a width of 768; at 128 the condition was learnt several times more slowly with it.
 */
export const EMBEDDING_STD = 0.3;

/** Deviation of the head's weights: small, so that the first predictions are close to uniform. */
export const HEAD_STD = 0.02;

/** Deviation of a weight that writes into the residual stream: smaller the more layers there are. */
export function residualStd(inFeatures: number, layers: number): number {
  return (2 * layers * inFeatures) ** -0.5;
}
