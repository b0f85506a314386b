import * as tf from "@tensorflow/tfjs-core";
import { exportTaming, importTaming } from "../checkpoints/taming.ts";
import { drawPixels, hashedWeights } from "../fixtures/hashed-weights.ts";
import { VqModel } from "../model.ts";

/** F16: 256×256 pixels to 16×16 codes, with attention among those; as narrow as the architecture allows at first. */
const config = {
  architecture: "taming",
  resolution: 256,
  channels: 32,
  multipliers: [1, 1, 1, 2, 4],
  blocks: 1,
  attentionResolutions: [16],
  latentDim: 64,
  embeddingDim: 64,
  codebookSize: 1024,
} as const;
const seed = 41;

export interface RoundTrip {
  /** 16×16, row by row. */
  readonly codes: readonly number[];
  /** 256×256×3, the decoded picture. */
  readonly pixels: readonly number[];
}

/** A model with the same weights on every machine, of the sizes that trained ones have. */
export async function drawnModel(): Promise<VqModel> {
  const fresh = VqModel.create(config);
  const tensors = Object.entries(await exportTaming(fresh));
  fresh.dispose();
  const spreads = tensors.sort().map(([name, { shape }]) => {
    return [name, { shape: [...shape], ...spreadOf(name, shape) }];
  });
  return importTaming(hashedWeights(seed, Object.fromEntries(spreads)), config);
}

/** Weights are `shift + scale * u`, u uniform in [-1, 1). */
function spreadOf(name: string, shape: readonly number[]): { shift: number; scale: number } {
  if (name === "quantize.embedding.weight") return { shift: 0, scale: 1 };
  if (name.endsWith("bias")) return { shift: 0, scale: 0.3 };
  if (shape.length === 1) return { shift: 1, scale: 0.5 }; // gains
  const fanIn = tf.util.sizeFromShape(shape.slice(1));
  return { shift: 0, scale: (3 / fanIn) ** 0.5 };
}

/** The picture that is encoded, `[1, 256, 256, 3]`. */
export const drawnPixels = () => drawPixels(seed, [1, config.resolution, config.resolution, 3]);

/** Encodes the picture, and decodes `given` codes, or its own. */
export async function roundTrip(model: VqModel, given?: readonly number[]): Promise<RoundTrip> {
  const pixels = drawnPixels();
  const { codes } = model.encode(pixels);
  const own = await codes.data();
  const decodes = tf.tensor3d(given ? Int32Array.from(given) : own, codes.shape, "int32");
  const decoded = model.decode(decodes);
  const values = await decoded.data();
  tf.dispose([pixels, codes, decodes, decoded]);
  return { codes: Array.from(own), pixels: Array.from(values) };
}
