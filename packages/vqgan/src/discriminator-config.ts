import { NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";

const size = z.int().positive();

const schema = z
  .strictObject({
    inChannels: size.default(3),
    /** Channels of the first convolution; every further one doubles them, up to 8 times as many. */
    width: size.default(64),
    /** Convolutions that halve the resolution. 3 judge patches of 70 × 70 pixels, 2 of 34, 1 of 16. */
    layers: size.default(3),
    norm: z.enum(["group", "none"]).default("group"),
    /** Groups of channels that `norm: "group"` normalises together. */
    groups: size.default(8),
  })
  .refine(({ norm, groups, width }) => norm === "none" || width % groups === 0, {
    path: ["width"],
    error: 'must be a multiple of groups, or norm be "none"',
  })
  .readonly();

/** A discriminator's architecture: plain JSON. */
export type DiscriminatorConfig = z.output<typeof schema>;
/** The same before defaults are filled in. */
export type DiscriminatorConfigInput = z.input<typeof schema>;

/**
 * Checks a config and fills in its defaults.
 *
 * @throws NuwaError `CONFIG` that lists every wrong, missing and unknown field
 */
export function parseDiscriminatorConfig(input: unknown): DiscriminatorConfig {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new NuwaError("CONFIG", `PatchDiscriminator: ${z.prettifyError(result.error)}`);
}
