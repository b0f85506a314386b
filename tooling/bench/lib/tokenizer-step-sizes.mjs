import { tokenizerSizes } from "./tokenizer-sizes.mjs";

const common = {
  resolution: 64,
  embeddingDim: 64,
  codebookSize: 1024,
  quantizer: { kind: "codebook", deadBelow: 0 },
};
const local = { ...common, architecture: "local" };

/** Tokenizers of F8 whose training step is compared: `config` of `@nuwa/vqgan` and of its discriminator, pictures. */
export const tokenizerStepSizes = {
  taming: {
    batch: 32,
    config: { ...tokenizerSizes.small.config, quantizer: common.quantizer },
    discriminator: { width: 64, layers: 2 },
  },
  local: {
    batch: 32,
    config: { ...local, patch: 8, channels: [128], encoderBlocks: [1], decoderBlocks: [3] },
    discriminator: { width: 64, layers: 2 },
  },
  "local-2": {
    batch: 32,
    config: { ...local, patch: 4, channels: [64, 128], encoderBlocks: [1, 1], decoderBlocks: [2, 2] },
    discriminator: { width: 64, layers: 2 },
  },
};

/** What both sides' optimizers use, and the weight of the adversarial loss before the adaptive one. */
export const stepSettings = {
  model: { learningRate: 1e-3, beta1: 0.9, beta2: 0.95, weightDecay: 1e-4 }, // codes do not decay
  discriminator: { learningRate: 5e-4, beta1: 0.5, beta2: 0.9, weightDecay: 0 },
  adversarialWeight: 0.1,
};

/** The losses that both sides report of a step, in this order. */
export const lossNames = ["all", "reconstruction", "codebook", "adversarial", "its weight", "discriminator"];
