import type { OpenMojiFeatures } from "@nuwa/openmoji-features";
import { readOpenMojiFeatures } from "@nuwa/openmoji-features/node";
import type { RunConfig } from "../config/schema.ts";

/** The network that compares looks, where the tokenizer is trained by them. The caller disposes it. */
export async function featureNetwork({ tokenizer }: RunConfig): Promise<OpenMojiFeatures | undefined> {
  const { losses } = tokenizer.train;
  const wanted = tokenizer.model.kind === "vq-gan" && (!losses || losses.perceptual !== undefined);
  return wanted ? readOpenMojiFeatures() : undefined;
}
