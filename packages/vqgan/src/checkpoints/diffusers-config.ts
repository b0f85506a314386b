import { NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";
import type { TamingVqConfigInput } from "../config.ts";
import { GROUPS } from "../taming/config.ts";

const size = z.int().positive();
const DOWN = ["DownEncoderBlock2D", "AttnDownEncoderBlock2D"] as const;
const UP = ["UpDecoderBlock2D", "AttnUpDecoderBlock2D"] as const;

/** The defaults are those of diffusers. */
const schema = z
  .strictObject({
    _class_name: z.literal("VQModel").default("VQModel"),
    in_channels: size.default(3),
    out_channels: size.default(3),
    down_block_types: z.array(z.enum(DOWN)).default(() => [DOWN[0]]),
    up_block_types: z.array(z.enum(UP)).default(() => [UP[0]]),
    block_out_channels: z
      .array(size)
      .min(1)
      .default(() => [64]),
    layers_per_block: size.default(1),
    act_fn: z.enum(["silu", "swish"]).default("silu"), // the same function
    latent_channels: size.default(3),
    sample_size: size.default(32),
    num_vq_embeddings: z.int().min(2).default(256),
    norm_num_groups: z.literal(GROUPS).default(GROUPS),
    vq_embed_dim: size.nullish(),
    norm_type: z.literal("group").default("group"),
    mid_block_add_attention: z.boolean().default(true),
    // These change nothing that a tokenizer computes.
    scaling_factor: z.number().optional(),
    lookup_from_codebook: z.boolean().optional(),
    force_upcast: z.boolean().optional(),
  })
  .superRefine((config, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    const { block_out_channels: widths, sample_size } = config;
    if (widths[0] % GROUPS !== 0) {
      refuse("block_out_channels", `the first must be a multiple of ${GROUPS}, got ${widths[0]}`);
    } else if (widths.some((width) => width % widths[0] !== 0)) {
      refuse("block_out_channels", `must be multiples of the first, got ${widths.join(", ")}`);
    }
    for (const field of ["down_block_types", "up_block_types"] as const) {
      if (config[field].length === widths.length) continue;
      const got = config[field].length;
      refuse(field, `wants one a level, ${widths.length} as in block_out_channels, got ${got}`);
    }
    const up = config.up_block_types.map((type) => type === UP[1]).reverse();
    if (config.down_block_types.some((type, level) => (type === DOWN[1]) !== up[level])) {
      refuse("up_block_types", "must attend at the levels of down_block_types, in reversed order");
    }
    const pixels = 2 ** (widths.length - 1);
    if (sample_size % pixels !== 0) {
      refuse("sample_size", `must be a multiple of 2^(levels − 1) = ${pixels}, got ${sample_size}`);
    }
  });

/** The `config.json` of diffusers' `VQModel`. What is left out has the default of diffusers. */
export interface DiffusersVqConfig {
  readonly in_channels?: number;
  readonly out_channels?: number;
  /** One a level: `DownEncoderBlock2D`, or `AttnDownEncoderBlock2D` where the level attends. */
  readonly down_block_types?: readonly string[];
  /** One a level from the last one to the first: `UpDecoderBlock2D` or `AttnUpDecoderBlock2D`. */
  readonly up_block_types?: readonly string[];
  /** Width of each level: the first one a multiple of 32, all of them multiples of it. */
  readonly block_out_channels?: readonly number[];
  readonly layers_per_block?: number;
  readonly latent_channels?: number;
  readonly num_vq_embeddings?: number;
  /** By default `latent_channels`. */
  readonly vq_embed_dim?: number | null;
  /** The side of the training pictures, a multiple of 2^(levels − 1). */
  readonly sample_size?: number;
  readonly mid_block_add_attention?: boolean;
  /** Further fields of diffusers; those that begin with `_` are ignored, but for `_class_name`. */
  readonly [field: string]: unknown;
}

/**
 * Our config of the same network.
 *
 * @throws NuwaError `CONFIG` that lists every unknown field and every value that is wrong or not supported
 */
export function fromDiffusersConfig(config: DiffusersVqConfig): TamingVqConfigInput {
  const fields = Object.entries(config ?? {}).filter(
    ([key]) => key === "_class_name" || !key.startsWith("_"),
  );
  const result = schema.safeParse(Object.fromEntries(fields));
  if (!result.success) {
    throw new NuwaError("CONFIG", `importDiffusers config: ${z.prettifyError(result.error)}`);
  }
  const { block_out_channels: widths, sample_size, latent_channels, vq_embed_dim, ...rest } = result.data;
  const attends = rest.down_block_types.map((type) => type === DOWN[1]);
  return {
    architecture: "taming",
    resolution: sample_size,
    inChannels: rest.in_channels,
    outChannels: rest.out_channels,
    channels: widths[0],
    multipliers: widths.map((width) => width / widths[0]),
    blocks: rest.layers_per_block,
    attentionResolutions: widths
      .map((_, level) => sample_size / 2 ** level)
      .filter((_, level) => attends[level]),
    middleAttention: rest.mid_block_add_attention,
    latentDim: latent_channels,
    embeddingDim: vq_embed_dim ?? latent_channels,
    codebookSize: rest.num_vq_embeddings,
  };
}
