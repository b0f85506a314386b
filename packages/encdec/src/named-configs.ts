import { NuwaError } from "@nuwa/tensor3d";
import { type EncoderDecoderConfig, type EncoderDecoderInput, parseConfig } from "./config.ts";

/** Windows of 3x3x3. */
const patterns = { encoderPattern: "nearby", decoderPattern: "nearby", crossPattern: "nearby" } as const;
const video16 = { height: 16, width: 16, frames: 10 };
/** Byte pairs of CLIP's tokenizer. */
const clipTexts = { textLength: 77, textVocabulary: 49408 };

/**
 * Configs by name, from one that trains on a CPU in minutes to the paper's (arXiv 2111.12417). The number of codes, the
 * texts and the grid belong to the tokenizers and data: override them with your own. The README has their sizes.
 */
export const namedConfigs = {
  tiny: {
    ...patterns,
    dim: 128,
    heads: 4,
    encoderLayers: 2,
    decoderLayers: 4,
    codebookSize: 256,
    textLength: 16,
    textVocabulary: 512,
    targetGrid: { height: 8, width: 8, frames: 4 },
    relativeBias: true,
    tiedHead: true,
  },
  small: {
    ...patterns,
    ...clipTexts,
    dim: 256,
    heads: 4,
    encoderLayers: 4,
    decoderLayers: 8,
    codebookSize: 1024,
    targetGrid: video16,
  },
  base: {
    ...patterns,
    ...clipTexts,
    dim: 512,
    heads: 8,
    encoderLayers: 6,
    decoderLayers: 12,
    codebookSize: 4096,
    targetGrid: video16,
  },
  large: {
    ...patterns,
    ...clipTexts,
    dim: 1024,
    heads: 16,
    encoderLayers: 8,
    decoderLayers: 16,
    codebookSize: 8192,
    targetGrid: video16,
  },
  "nuwa-870m": {
    ...patterns,
    ...clipTexts,
    dim: 1280,
    heads: 20,
    encoderLayers: 12,
    decoderLayers: 24,
    codebookSize: 12288,
    targetGrid: { height: 21, width: 21, frames: 10 },
  },
} satisfies Record<string, EncoderDecoderInput>;

export type ConfigName = keyof typeof namedConfigs;

/**
 * A named config, with some fields of one's own.
 *
 * @throws NuwaError `CONFIG` for another name, or fields that do not fit
 */
export function namedConfig(
  name: ConfigName,
  overrides: Partial<EncoderDecoderInput> = {},
): EncoderDecoderConfig {
  if (!Object.hasOwn(namedConfigs, name)) {
    const names = Object.keys(namedConfigs).join(", ");
    throw new NuwaError("CONFIG", `namedConfig: wanted one of ${names}, got ${JSON.stringify(name)}.`);
  }
  return parseConfig({ ...namedConfigs[name], ...overrides });
}
