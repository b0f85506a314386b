import { NuwaError } from "@nuwa/tensor3d";
import type { Ablation, RunConfig, WholeRunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import type { RunData } from "../train/data.ts";
import { transformerConfig } from "../train/model-configs.ts";

/** A whole config that says what to compare. */
export type AblationConfig = WholeRunConfig & { readonly ablation: Ablation };

/** One training of a variant. */
export interface AblationRun {
  /** `<variant>-<seed>`. */
  readonly name: string;
  readonly variant: string;
  readonly seed: number;
}

/** @throws NuwaError `CONFIG` where the config has no section `ablation` or `transformer` */
export function ablationConfig(config: RunConfig): AblationConfig {
  const { ablation } = config;
  if (ablation) return { ...wholeRun(config), ablation };
  throw new NuwaError(
    "CONFIG",
    `The config "${config.name}" has no section "ablation", which says what to compare.`,
    {
      hint: "The config ablation has one: nuwa ablate --config ablation.",
    },
  );
}

/** Every variant with the first seed, then every variant with the next one: an early stop leaves whole seeds. */
export function plannedRuns({ ablation: { seeds, variants } }: AblationConfig): AblationRun[] {
  return seeds.flatMap((seed) =>
    Object.keys(variants).map((variant) => ({ name: `${variant}-${seed}`, variant, seed })),
  );
}

/** The config that a run trains with: its variant's fields and its seed in place of the config's own. */
export function runConfig(
  config: AblationConfig,
  { variant, seed }: Pick<AblationRun, "variant" | "seed">,
): WholeRunConfig {
  const { transformer, ablation } = config;
  const model = { ...transformer.model, ...ablation.variants[variant] };
  return { ...config, seed, transformer: { ...transformer, model } };
}

/** Checks every variant before anything is trained. @throws NuwaError `CONFIG` naming the variant */
export function checkVariants(config: AblationConfig, data: RunData): void {
  for (const variant of Object.keys(config.ablation.variants)) {
    transformerConfig(runConfig(config, { variant, seed: 0 }), data, `ablation.variants.${variant}`);
  }
  const { images, videos } = data.dataset.combinations;
  if (images.heldOut.length > 0 && videos.heldOut.length > 0) return;
  throw new NuwaError(
    "CONFIG",
    `nuwa ablate evaluates on held-out combinations; wanted some of images and of videos, got ${images.heldOut.length} and ${videos.heldOut.length}. Raise data.heldOut.`,
  );
}
