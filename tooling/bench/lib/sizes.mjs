const window = { kind: "nearby", extent: [3, 3, 3] };

/**
 * Transformers whose training step is compared: `config` of `@nuwa/encdec`, and samples of a batch. `slow`: nuwa-pytorch's
 * model of that size, which takes seconds a step, is timed too.
 */
export const sizes = {
  small: {
    batch: 8,
    config: {
      dim: 128,
      heads: 4,
      encoderLayers: 2,
      decoderLayers: 4,
      codebookSize: 512,
      textLength: 16,
      textVocabulary: 64,
      targetGrid: { height: 8, width: 8, frames: 4 },
      decoderPattern: window,
    },
  },
  large: {
    batch: 1,
    slow: true,
    config: {
      dim: 256,
      heads: 8,
      encoderLayers: 6,
      decoderLayers: 6,
      codebookSize: 512,
      textLength: 32,
      textVocabulary: 64,
      targetGrid: { height: 16, width: 16, frames: 5 },
      decoderPattern: window,
    },
  },
};

/** What both optimizers use. */
export const optimizer = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.99,
  epsilon: 1e-8,
  weightDecay: 0.01,
  clipNorm: 1,
};
