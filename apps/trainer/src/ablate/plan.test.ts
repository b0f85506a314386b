import { describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { Ablation } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import { openData } from "../train/data.ts";
import { type AblationConfig, ablationConfig, checkVariants, plannedRuns, runConfig } from "./plan.ts";

const ablation = async (variants: Ablation["variants"], data = {}): Promise<AblationConfig> => {
  const config = wholeRun(await loadConfig("test"));
  const common = { cpuSeconds: 1, threads: 1, evaluations: 2, samples: { images: 4, videos: 2 } };
  return { ...config, data: { ...config.data, ...data }, ablation: { ...common, seeds: [3, 1], variants } };
};

test("all variants of a seed come before the next seed", async () => {
  const runs = plannedRuns(await ablation({ a: {}, b: { shift: "row" } }));
  expect(runs.map(({ name }) => name)).toEqual(["a-3", "b-3", "a-1", "b-1"]);
  expect(runs[1]).toEqual({ name: "b-3", variant: "b", seed: 3 });
});

test("a run has its variant's fields and its seed, the rest is the config's", async () => {
  const config = await ablation({ a: {}, b: { shift: "row", dim: 8 } });
  const run = runConfig(config, { variant: "b", seed: 3 });
  expect(run.seed).toBe(3);
  expect(run.transformer.model).toEqual({ ...config.transformer.model, shift: "row", dim: 8 });
  expect(run.transformer.train).toEqual(config.transformer.train);
  expect(run.tokenizer).toEqual(config.tokenizer);
  expect(runConfig(config, { variant: "a", seed: 3 }).transformer.model).toEqual(config.transformer.model);
});

test("a config without the section is named", async () => {
  const config = await loadConfig("test");
  expect(() => ablationConfig(config)).toThrow('The config "test" has no section "ablation"');
});

describe("checkVariants", () => {
  const check = async (config: AblationConfig) => checkVariants(config, await openData(config));

  test("the config that comes with the command is sound", async () => {
    const config = ablationConfig(await loadConfig("ablation"));
    await check(config);
    expect(plannedRuns(config).length).toBeGreaterThanOrEqual(18);
    const [first, ...others] = Object.values(config.ablation.variants);
    expect(first).toEqual({});
    for (const fields of others) expect(Object.keys(fields)).toHaveLength(1);
  });

  test("an unknown field is named with its variant", async () => {
    const config = await ablation({ a: {}, b: { shfit: "row" } });
    await expect(check(config)).rejects.toThrow(/ablation\.variants\.b: .*shfit/);
  });

  test("a wrong value is named with its variant", async () => {
    await expect(check(await ablation({ c: { shift: "up" } }))).rejects.toThrow(
      /ablation\.variants\.c: .*shift/,
    );
  });

  test("held-out combinations are wanted", async () => {
    const config = await ablation({ a: {} }, { heldOut: 0 });
    await expect(check(config)).rejects.toThrow(/held-out.*got 0 and 0.*data\.heldOut/);
  });
});
