import { type EncoderDecoderConfig, parseConfig } from "@nuwa/encdec";
import { videoGrid } from "@nuwa/tensor3d";
import { codeGrid, parseVqConfig, type VqConfig } from "@nuwa/vqgan";
import type { RunConfig, WholeRunConfig } from "../config/schema.ts";
import { inSection } from "../config/section.ts";
import type { RunData } from "./data.ts";

/** The whole config of a run's tokenizer: pictures of the data's size, classes of its maps. @throws NuwaError `CONFIG` */
export function tokenizerConfig(
  { tokenizer: { model, input }, data }: RunConfig,
  { dataset }: Pick<RunData, "dataset">,
): VqConfig {
  const classes = { pixels: undefined, sketch: 2, segmentation: dataset.segmentationClasses.length }[input];
  const seg = classes === undefined ? {} : { kind: "vq-gan-seg", classes };
  const resolution = data.size ?? dataset.config.size;
  return inSection("tokenizer.model", () => parseVqConfig({ ...seg, ...model, resolution }));
}

/**
 * The whole config of its transformer: the tokenizer's codes, the captions' words.
 *
 * @param section where the model's fields stand, for errors
 * @throws NuwaError `CONFIG`
 */
export function transformerConfig(
  config: WholeRunConfig,
  data: RunData,
  section = "transformer.model",
): EncoderDecoderConfig {
  const tokenizer = tokenizerConfig(config, data);
  const { height, width } = codeGrid(tokenizer);
  const input = {
    ...config.transformer.model,
    codebookSize: tokenizer.codebookSize,
    textLength: data.captions.textLength,
    textVocabulary: data.captions.vocabulary,
    targetGrid: videoGrid(height, width, data.dataset.config.frames),
  };
  return inSection(section, () => parseConfig(input));
}
