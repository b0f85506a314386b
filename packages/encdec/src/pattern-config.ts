import { type AttentionPattern, axial, blockSparse, full, nearby } from "@nuwa/attention-3dna";
import { z } from "zod";

const size = z.union([z.int().positive(), z.literal("all")]);
const radius = z.union([z.int().nonnegative(), z.literal("all")]);
const triple = <Size extends z.ZodType>(schema: Size) => z.tuple([schema, schema, schema]);

const nearbySchema = z.strictObject({
  kind: z.literal("nearby"),
  extent: triple(size).optional(),
  radius: triple(radius).optional(),
  dilation: triple(z.int().positive()).optional(),
  border: z.enum(["clip", "shift"]).optional(),
});
const blockSparseSchema = z.strictObject({ kind: z.literal("block-sparse"), block: triple(size) });

/** What the bare names stand for: the paper's window, and blocks of about as many keys as an axial row has. */
const byName = {
  nearby: { kind: "nearby", extent: [3, 3, 3] } satisfies z.infer<typeof nearbySchema>,
  "block-sparse": { kind: "block-sparse", block: [4, 4, 4] } satisfies z.infer<typeof blockSparseSchema>,
} as const;

/**
 * A pattern as JSON: `"full"`, `"axial"`, `"nearby"` (3x3x3), `"block-sparse"` (blocks of 4x4x4), or an object with
 * sizes `[height, width, frames]`, where infinity is written `"all"`.
 */
export const patternSchema = z.union([
  z.literal("full"),
  z.literal("axial"),
  z.literal("nearby").transform((name): z.infer<typeof nearbySchema> => ({ ...byName[name] })),
  z.literal("block-sparse").transform((name): z.infer<typeof blockSparseSchema> => ({ ...byName[name] })),
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("full") }),
    z.strictObject({ kind: z.literal("axial") }),
    nearbySchema,
    blockSparseSchema,
  ]),
]);

export type PatternConfig = z.infer<typeof patternSchema>;

/** The pattern that a config describes. */
export function patternFromConfig(config: PatternConfig): AttentionPattern {
  if (config === "full") return full();
  if (config === "axial") return axial();
  switch (config.kind) {
    case "full":
      return full();
    case "axial":
      return axial();
    case "block-sparse":
      return blockSparse({ block: sizes(config.block) });
    case "nearby": {
      const { border, dilation } = config;
      const window = config.radius ? { radius: sizes(config.radius) } : { extent: sizes(config.extent!) };
      return nearby(window, { border, dilation: dilation && sizes(dilation) });
    }
  }
}

function sizes([height, width, frames]: readonly (number | "all")[]) {
  const number = (value: number | "all") => (value === "all" ? Infinity : value);
  return { height: number(height), width: number(width), frames: number(frames) };
}
