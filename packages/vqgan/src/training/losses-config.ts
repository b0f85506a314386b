import { NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";
import type { VqConfig } from "../config.ts";

const share = z.number().min(0).lt(1);
const weight = z.number().nonnegative();

const perceptual = z.strictObject({
  weight: weight.default(1),
  /** Features over their length, as in LPIPS; false: as they are, the `L^P` of arXiv 2111.12417. */
  normalise: z.boolean().default(true),
});

const adversarial = z.strictObject({
  /** `hinge`, or `log`, that of arXiv 2111.12417. */
  kind: z.enum(["hinge", "log"]).default("hinge"),
  /** The final weight of the decoder's adversarial loss, times λ where it is adaptive. */
  weight: weight.default(0.1),
  /** λ, which lets both losses pull equally hard at the decoder's last layer (see `adaptiveWeight`). */
  adaptive: z.boolean().default(true),
  /** Share of the steps before the discriminator exists, for decoder and codebook to settle. */
  startShare: share.default(0.5),
  /** Share of the steps that then train the discriminator alone. */
  leadShare: share.default(0.02),
  /** Share of the steps after those in which the weight rises in a line. */
  riseShare: share.default(0.1),
  /** The discriminator's, from its first step to its last. */
  learningRate: z.number().positive().default(5e-4),
  /** See `PatchDiscriminator`; it reads what the model writes. */
  discriminator: z.record(z.string(), z.unknown()).default({}),
});

/** The terms beside reconstruction and codebook; one that is absent is left out. */
export const lossesSchema = z.strictObject({
  perceptual: perceptual.optional(),
  adversarial: adversarial.optional(),
});

export type PerceptualConfig = Readonly<z.output<typeof perceptual>>;
export type AdversarialConfig = Readonly<z.output<typeof adversarial>>;
export type TokenizerLossesConfig = Readonly<z.output<typeof lossesSchema>>;

/**
 * The terms that train a model: those that were asked for, or by default both for a `"vq-gan"` and none for others.
 *
 * @throws NuwaError `CONFIG` where the kind of model has no such terms
 */
export function lossesOf(
  { kind }: Pick<VqConfig, "kind">,
  losses: TokenizerLossesConfig | undefined,
): TokenizerLossesConfig {
  if (kind === "vq-gan") return losses ?? lossesSchema.parse({ perceptual: {}, adversarial: {} });
  const asked = Object.entries(losses ?? {}).filter(([, term]) => term !== undefined);
  if (asked.length === 0) return {};
  throw new NuwaError(
    "CONFIG",
    `TokenizerTrainer losses: ${asked.map(([name]) => name).join(" and ")} belong to the kind "vq-gan", ` +
      `the model is a "${kind}". Leave them out, or give the model that kind.`,
  );
}
