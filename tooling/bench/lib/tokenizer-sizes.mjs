/** Configs of `@nuwa/vqgan`, and the pictures of a call. */
export const tokenizerSizes = {
  small: {
    batch: 4,
    config: {
      architecture: "taming",
      resolution: 64,
      channels: 32,
      multipliers: [1, 2, 2, 4],
      blocks: 1,
      attentionResolutions: [8],
      latentDim: 64,
      embeddingDim: 64,
      codebookSize: 1024,
    },
  },
  // As narrow as 32 groups allow at full resolution.
  narrow: {
    batch: 1,
    config: {
      architecture: "taming",
      resolution: 256,
      channels: 32,
      multipliers: [1, 1, 2, 2, 4],
      blocks: 1,
      attentionResolutions: [16],
      latentDim: 64,
      embeddingDim: 64,
      codebookSize: 1024,
    },
  },
  // Half as wide as the next one.
  half: {
    batch: 1,
    config: {
      architecture: "taming",
      resolution: 256,
      channels: 64,
      multipliers: [1, 1, 2, 2, 4],
      blocks: 2,
      attentionResolutions: [16],
      latentDim: 256,
      embeddingDim: 256,
      codebookSize: 1024,
    },
  },
  // taming-transformers' vqgan_imagenet_f16_1024.
  imagenet: {
    batch: 1,
    config: {
      architecture: "taming",
      resolution: 256,
      channels: 128,
      multipliers: [1, 1, 2, 2, 4],
      blocks: 2,
      attentionResolutions: [16],
      latentDim: 256,
      embeddingDim: 256,
      codebookSize: 1024,
    },
  },
};
