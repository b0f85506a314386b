import { z } from "zod";

/** What a tokenizer reads and how it is trained. */
export const kindFields = {
  /**
   * `"vq-vae"` and `"vq-gan"` are the same networks, which read and write pixels; training a `"vq-gan"` adds the
   * perceptual and the adversarial loss. `"vq-gan-seg"` reads class maps, such as segmentations and sketches, and writes
   * logits of the classes (arXiv 2111.12417, section 3.1).
   */
  kind: z.enum(["vq-vae", "vq-gan", "vq-gan-seg"]).default("vq-vae"),
  /** Classes of the maps of a `"vq-gan-seg"`. */
  classes: z.int().min(2).optional(),
  /** Channels of the pixels, 3 by default; of a `"vq-gan-seg"` as many as `classes`. */
  inChannels: z.int().positive().optional(),
};

interface Checked {
  readonly kind: "vq-vae" | "vq-gan" | "vq-gan-seg";
  readonly classes?: number;
  readonly inChannels?: number;
  readonly outChannels?: number;
}

/** What the fields must be to one another. */
export function checkKind(config: Checked, context: z.RefinementCtx): void {
  const { kind, classes } = config;
  const refuse = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (kind !== "vq-gan-seg") {
    if (classes !== undefined)
      refuse("classes", `belongs to the kind "vq-gan-seg", got "${kind}". Leave it out`);
    return;
  }
  if (classes === undefined) {
    refuse("classes", 'the kind "vq-gan-seg" wants the number of classes, got none');
    return;
  }
  for (const key of ["inChannels", "outChannels"] as const) {
    const channels = config[key];
    if (channels === undefined || channels === classes) continue;
    refuse(key, `must be classes, ${classes}, got ${channels}. Leave it out`);
  }
}

/** Channels of what the encoder reads. */
export function channelsOf({ classes, inChannels }: Checked): number {
  return inChannels ?? classes ?? 3;
}
