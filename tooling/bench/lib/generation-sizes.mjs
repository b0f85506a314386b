const window = { kind: "nearby", extent: [3, 3, 3] };

/** The video transformer whose generation is compared: a `config` of `@nuwa/encdec`. */
export const config = {
  dim: 512,
  heads: 8,
  encoderLayers: 6,
  decoderLayers: 12,
  codebookSize: 1024,
  textLength: 77,
  textVocabulary: 512,
  targetGrid: { height: 16, width: 16, frames: 10 },
  decoderPattern: window,
};

/** A quicker one, for videos of up to 80 frames. */
export const growthConfig = {
  ...config,
  dim: 256,
  encoderLayers: 2,
  decoderLayers: 4,
  targetGrid: { height: 16, width: 16, frames: 80 },
};

/** How codes are drawn, and the guidance of the runs that have one. */
export const sampler = { temperature: 1, topK: 64, guidance: 3 };

/** `dim 512, 8 heads, 6 + 12 layers, 10x16x16 codes of 1024, 77 text tokens` */
export function describe({ dim, heads, encoderLayers, decoderLayers, targetGrid, codebookSize, textLength }) {
  const { height, width, frames } = targetGrid;
  return (
    `dim ${dim}, ${heads} heads, ${encoderLayers} + ${decoderLayers} layers, ` +
    `${frames}x${height}x${width} codes of ${codebookSize}, ${textLength} text tokens`
  );
}
