import { type Grid, imageGrid, NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";
import { channelsOf, checkKind, kindFields } from "./kind.ts";
import { checkCodebookSize, codebookSizeOf, quantizerSchema } from "./quantizers/config.ts";
import { checkTaming, tamingFields } from "./taming/config.ts";

const size = z.int().positive();

/** The fields of every architecture. */
const commonFields = {
  ...kindFields,
  /** Height and width of the training pictures, in pixels. */
  resolution: size,
  embeddingDim: size,
  /** Left out where the quantizer implies it ("fsq", "lfq"). */
  codebookSize: z.int().min(2).optional(),
  quantizer: quantizerSchema.default(() => quantizerSchema.parse({ kind: "ema" })),
  /** Mean squared error, mean absolute error, or their sum. Of pixels: class maps have their cross-entropy. */
  reconstruction: z.enum(["l2", "l1", "l1+l2"]).default("l1+l2"),
};

const localSchema = z
  .strictObject({
    ...commonFields,
    architecture: z.literal("local").default("local"),
    /** The first layer reads, and the last one writes, `patch` × `patch` pixels at once. */
    patch: size.default(8),
    /** Width of each level; every level after the first one halves the resolution. */
    channels: z.array(size).min(1),
    /**
     * Window of the encoder's residual blocks: 1 makes a code depend on its own pixels only, so codes move exactly
     * with the picture; 3 lets neighbours in.
     */
    encoderKernel: z.literal([1, 3]).default(1),
    /** Residual blocks of each level. */
    encoderBlocks: z.array(z.int().nonnegative()),
    decoderBlocks: z.array(z.int().nonnegative()),
  })
  .superRefine((config, context) => {
    checkKind(config, context);
    checkCodebookSize(config, context);
    const levels = config.channels.length;
    for (const key of ["encoderBlocks", "decoderBlocks"] as const) {
      if (config[key].length === levels) continue;
      context.addIssue({
        code: "custom",
        path: [key],
        message: `wants one number a level, ${levels} as in channels, got ${config[key].length}`,
      });
    }
    const pixels = config.patch * 2 ** (levels - 1);
    if (config.resolution % pixels !== 0) {
      context.addIssue({
        code: "custom",
        path: ["resolution"],
        message: `must be a multiple of patch · 2^(levels − 1) = ${pixels}, got ${config.resolution}`,
      });
    }
  })
  .transform((config) => ({
    ...config,
    inChannels: channelsOf(config),
    codebookSize: codebookSizeOf(config),
  }))
  .readonly();

const tamingSchema = z
  .strictObject({ ...commonFields, ...tamingFields })
  .superRefine((config, context) => {
    checkKind(config, context);
    checkCodebookSize(config, context);
    checkTaming(config, context);
  })
  .transform((config) => ({
    ...config,
    inChannels: channelsOf(config),
    codebookSize: codebookSizeOf(config),
  }))
  .readonly();

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** Patch-wise networks whose codes move with the picture. */
export type LocalVqConfig = DeepReadonly<z.output<typeof localSchema>>;
/** taming-transformers' VQGAN. */
export type TamingVqConfig = DeepReadonly<z.output<typeof tamingSchema>>;
export type TamingVqConfigInput = DeepReadonly<z.input<typeof tamingSchema>>;
/** A tokenizer's architecture and loss: plain JSON, stored beside its weights. */
export type VqConfig = LocalVqConfig | TamingVqConfig;
/** The same before defaults are filled in. */
export type VqConfigInput = DeepReadonly<z.input<typeof localSchema>> | TamingVqConfigInput;

/**
 * Checks a config and fills in its defaults. Without `architecture` it is a local one.
 *
 * @throws NuwaError `CONFIG` that lists every wrong, missing and unknown field
 */
export function parseVqConfig(input: unknown): VqConfig {
  const architecture = (input as { architecture?: unknown } | null | undefined)?.architecture ?? "local";
  if (architecture !== "local" && architecture !== "taming") {
    const got = JSON.stringify(architecture);
    throw new NuwaError("CONFIG", `VqConfig: architecture: wanted "local" or "taming", got ${got}.`);
  }
  const result = (architecture === "taming" ? tamingSchema : localSchema).safeParse(input);
  if (result.success) return result.data as VqConfig;
  throw new NuwaError("CONFIG", `VqConfig: ${z.prettifyError(result.error)}`);
}

/** Pixels along a side of one code: 8 for F8. */
export function downsampling(config: VqConfig): number {
  if (config.architecture === "taming") return 2 ** (config.multipliers.length - 1);
  return config.patch * 2 ** (config.channels.length - 1);
}

/** The codes of one training picture. */
export function codeGrid(config: VqConfig): Grid {
  const side = config.resolution / downsampling(config);
  return imageGrid(side, side);
}
