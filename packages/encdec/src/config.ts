import { NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";
import { patternSchema } from "./pattern-config.ts";

const count = z.int().positive();
const share = z.number().min(0).lt(1);
const grid = z.strictObject({ height: count, width: count, frames: count });
const onePatternSize = patternSchema.refine(
  (pattern) =>
    typeof pattern === "string" ||
    pattern.kind !== "nearby" ||
    (pattern.extent === undefined) !== (pattern.radius === undefined),
  { error: "give either extent or radius" },
);

/** The JSON of an encoder-decoder. */
export const encoderDecoderSchema = z
  .strictObject({
    /** Features of a token. */
    dim: count,
    heads: count,
    /** Default `dim / heads`. */
    headDim: count.optional(),
    /** The activation inside the feed-forward; geglu and swiglu are gated (arXiv 2002.05202). */
    feedForward: z.enum(["gelu", "geglu", "swiglu"]).default("gelu"),
    /**
     * Features inside the feed-forward, after the gate where there is one. Default `4 * dim`; gated, `8 / 3 * dim` has
     * as many parameters as that.
     */
    feedForwardDim: count.optional(),
    encoderLayers: z.int().nonnegative(),
    decoderLayers: count,
    /** How many codes the target tokens come from. */
    codebookSize: count,
    /** Tokens of a text condition; shorter texts are padded. */
    textLength: count,
    textVocabulary: count,
    /** How many codes sketch tokens come from. Left out: no sketch conditions. */
    sketchCodebookSize: count.optional(),
    /** The largest sketch. Default `targetGrid`. */
    conditionGrid: grid.optional(),
    /** Whether images and videos, as codes of the target's, may be conditions, up to the size of `targetGrid`. */
    visualConditions: z.boolean().default(false),
    /** The largest target; images use its first frame. */
    targetGrid: grid,
    /** Self-attention over sketches, images and videos; text attends all of its tokens. */
    encoderPattern: onePatternSize.default("full"),
    /** Causal self-attention over the target. */
    decoderPattern: onePatternSize,
    /** Cross-attention to sketches, images and videos; text is attended whole. Default: the decoder's pattern. */
    crossPattern: onePatternSize.optional(),
    /** Where a position's input tokens come from. */
    shift: z.enum(["axes", "row", "raster"]).default("axes"),
    /**
     * Whether each of the shift's inputs has a table of its own. Of a shared one the sum of inputs does not tell which
     * token was left and which above; the attention may.
     */
    inputTables: z.enum(["separate", "shared"]).default("separate"),
    /** Norms what each branch adds to the residual stream, too, as CogView does (arXiv 2105.13290). */
    sandwichNorm: z.boolean().default(false),
    /** Share of features dropped after the embeddings and in the residual branches, in training. */
    dropout: share.default(0),
    /** A learned bias for each head and offset in the decoder's window. Needs a nearby pattern. */
    relativeBias: z.boolean().default(false),
    /** Rotary positions of rows, columns and frames in the self-attentions, besides the added ones (arXiv 2104.09864). */
    rotary: z.boolean().default(false),
    /**
     * Adds a table of the inputs to the head's weights: that of the frame before (`shift: "axes"`), else the only
     * one. Video models learn sooner to copy what moves.
     */
    tiedHead: z.boolean().default(false),
  })
  .refine(({ dim, heads, headDim }) => headDim !== undefined || dim % heads === 0, {
    error: "must divide dim, unless headDim is given",
    path: ["heads"],
  })
  .refine(({ rotary, ...config }) => !rotary || (headDimOf(config) % 2 === 0 && headDimOf(config) >= 6), {
    error: "needs an even headDim of at least 6, a pair of features for each axis",
    path: ["rotary"],
  })
  .refine(({ conditionGrid, sketchCodebookSize }) => !conditionGrid || sketchCodebookSize !== undefined, {
    error: "is for sketches: give sketchCodebookSize too",
    path: ["conditionGrid"],
  })
  .refine(
    ({ relativeBias, decoderPattern }) =>
      !relativeBias || (typeof decoderPattern === "object" && decoderPattern.kind === "nearby"),
    { error: "needs a nearby decoderPattern", path: ["relativeBias"] },
  );

/** What may be written: fields with a default may be left out. */
export type EncoderDecoderInput = z.input<typeof encoderDecoderSchema>;
/** With the defaults filled in. */
export type EncoderDecoderConfig = z.output<typeof encoderDecoderSchema>;

/** Features of a head. */
export function headDimOf({ dim, heads, headDim }: { dim: number; heads: number; headDim?: number }): number {
  return headDim ?? dim / heads;
}

/** Features inside the feed-forward, after the gate. */
export function feedForwardDimOf({ dim, feedForwardDim }: EncoderDecoderConfig): number {
  return feedForwardDim ?? 4 * dim;
}

/**
 * Checks a config and fills in the defaults.
 *
 * @throws NuwaError `CONFIG` that names every bad field
 */
export function parseConfig(config: unknown): EncoderDecoderConfig {
  const result = encoderDecoderSchema.safeParse(config);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join(".") || "config"}: ${message}`,
  );
  throw new NuwaError("CONFIG", `EncoderDecoder config: ${problems.join("; ")}.`);
}
