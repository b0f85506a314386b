/** The GPT whose training step is compared: pre-norm blocks with learned positions, GELU in its tanh form, a head of its own. */
export const gpt = { dim: 256, heads: 8, layers: 4, tokens: 256, batch: 8, vocabulary: 1024 };

/** What both optimizers use. */
export const optimizer = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };
