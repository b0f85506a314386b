import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { NuwaError } from "@nuwa/tensor3d";
import { writeAtomically } from "@nuwa/tensor3d/node";
import { stringify } from "yaml";
import { exists } from "../files/exists.ts";
import { createRun, openRun, type RunFolder } from "../run/run-folder.ts";
import { type AblationConfig, ablationConfig } from "./plan.ts";

/**
 * The folder of an ablation, a run's folder that has the shared tokenizer: a new one, or one to go on with. Variants
 * and seeds may be added to what it holds.
 *
 * @throws NuwaError `CONFIG` when the folder's runs were made with another config
 */
export async function openAblation(path: string, config: AblationConfig): Promise<RunFolder> {
  const file = join(path, "config.yaml");
  if (!(await exists(file))) return createRun(path, config);
  const run = await openRun(path);
  const before = ablationConfig(run.config);
  const differs = differences(before, config);
  if (differs.length > 0) {
    throw new NuwaError(
      "CONFIG",
      `${path} holds an ablation with another config: ${differs.join(", ")} differ.`,
      {
        hint: "Choose another folder with --out. Only seeds and variants may be added here.",
      },
    );
  }
  if (isDeepStrictEqual(before, config)) return run;
  await writeAtomically(file, stringify(config));
  return openRun(path);
}

/** Names of what differs, apart from added variants and other seeds. */
function differences(before: AblationConfig, now: AblationConfig): string[] {
  const [old, fresh] = [before, now].map((config) => {
    const { variants, seeds, ...rest } = config.ablation;
    return { ...config, ablation: rest } as Readonly<Record<string, unknown>>;
  });
  const fields = new Set([...Object.keys(old), ...Object.keys(fresh)]);
  return [
    ...[...fields].filter((field) => !isDeepStrictEqual(old[field], fresh[field])),
    ...Object.entries(before.ablation.variants)
      .filter(([name, fields]) => !isDeepStrictEqual(fields, now.ablation.variants[name]))
      .map(([name]) => `ablation.variants.${name}`),
  ];
}
