import { type AttentionPattern, axial, blockSparse, full, nearby } from "@nuwa/attention-3dna";
import { z } from "zod";

const size = z.union([z.int().positive(), z.literal("all")]);
const radius = z.union([z.int().nonnegative(), z.literal("all")]);
const triple = <Size extends z.ZodType>(schema: Size) => z.tuple([schema, schema, schema]);

/** A pattern as JSON. Sizes are `[height, width, frames]`; infinity is written `"all"`. */
export const patternSchema = z.union([
  z.literal("full"),
  z.literal("axial"),
  z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("full") }),
    z.strictObject({ kind: z.literal("axial") }),
    z.strictObject({
      kind: z.literal("nearby"),
      extent: triple(size).optional(),
      radius: triple(radius).optional(),
      dilation: triple(z.int().positive()).optional(),
      border: z.enum(["clip", "shift"]).optional(),
    }),
    z.strictObject({ kind: z.literal("block-sparse"), block: triple(size) }),
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
