import { readdir } from "node:fs/promises";
import { isNuwaError } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { loadConfig, parseConfig } from "./load.ts";

const sound = `
name: a
data: { size: 16 }
tokenizer: { model: {}, train: { budget: { steps: 3 }, batch: 2 } }
transformer:
  model: {}
  train:
    budget: { minutes: 1, least: 2, most: 5 }
    learningRate: 0.001
    tasks:
      textToImage: { batch: 1, weight: 1 }
      videoPrediction: { batch: 1, weight: 0 }
      textToVideo: { batch: 1, weight: 0 }
`;

function faultsOf(text: string): string {
  try {
    parseConfig(text, "my.yaml");
  } catch (error) {
    if (isNuwaError(error) && error.code === "CONFIG") return error.message;
    throw error;
  }
  throw new Error("expected a fault");
}

describe("configs", () => {
  test("defaults are filled in", () => {
    const config = parseConfig(sound, "my.yaml");
    expect(config.transformer?.train).toMatchObject({ noneShare: 0.1, clipNorm: 1, checkpointEvery: 500 });
    expect(config.sampling).toEqual({ temperature: 1, guidance: 1 });
    expect(config.demo).toMatchObject({ images: 100, judge: { steps: 300 } });
  });

  test("every config that comes with the command is sound", async () => {
    const files = await readdir(new URL("../../configs", import.meta.url));
    expect(files).toContain("tiny.yaml");
    for (const file of files)
      expect((await loadConfig(file.replace(".yaml", ""))).name).toBe(file.replace(".yaml", ""));
  });

  test.each([
    [
      "an unknown field",
      "seed: 1\nsede: 2\n",
      /sede: unknown field\. Did you mean "seed"\? Allowed here: name, seed, weights, data/,
    ],
    [
      "an unknown nested field",
      "demo: { imges: 3 }\n",
      /demo\.imges: unknown field\. Did you mean "images"\? Allowed here: images, predictions/,
    ],
    ["a wrong type", "seed: many\n", /seed: Expected.*Got "many"\./],
    ["a wrong value", "sampling: { topP: 3 }\n", /sampling\.topP: .*Got 3\./],
    ["a name with spaces", "name: a b\n", /name: .*letters.*Got "a b"/i],
  ])("%s is named", (_, text, message) => {
    expect(faultsOf(text.startsWith("name") ? sound.replace("name: a\n", text) : sound + text)).toMatch(
      message,
    );
  });

  test("all faults are told at once, with the file's name", () => {
    const message = faultsOf(
      sound.replace("learningRate: 0.001", "learningRat: 0.001").replace("batch: 2 }", "batch: 0 }"),
    );
    expect(message).toContain("my.yaml has faults");
    expect(message).toMatch(/tokenizer\.train\.batch: .*Got 0\./);
    expect(message).toMatch(/transformer\.train\.learningRate: missing/);
    expect(message).toMatch(/transformer\.train\.learningRat: unknown field\. Did you mean "learningRate"\?/);
  });

  test("a budget that fits neither form tells both", () => {
    const message = faultsOf(sound.replace("{ steps: 3 }", "{ minuts: 3 }"));
    expect(message).toMatch(/tokenizer\.train\.budget/);
    expect(message).toMatch(/minuts: unknown field\. Did you mean "minutes"/);
    expect(faultsOf(sound.replace("least: 2", "least: 9"))).toMatch(/least.*least <= most/s);
  });

  test("at least one task must have weight", () => {
    expect(faultsOf(sound.replace("weight: 1", "weight: 0"))).toMatch(
      /transformer\.train\.tasks.*at least one task/s,
    );
  });

  test("an ablation has defaults", () => {
    const { ablation } = parseConfig(
      `${sound}ablation: { cpuSeconds: 9, seeds: [1], variants: { a: {} } }`,
      "my.yaml",
    );
    expect(ablation).toEqual({
      cpuSeconds: 9,
      threads: 1,
      seeds: [1],
      evaluations: 4,
      samples: { images: 48, videos: 8 },
      variants: { a: {} },
    });
  });

  test.each([
    ["no seeds", "{ cpuSeconds: 9, variants: { a: {} } }", /ablation\.seeds: missing/],
    [
      "an empty list of seeds",
      "{ cpuSeconds: 9, seeds: [], variants: { a: {} } }",
      /ablation\.seeds: .*Got \[\]/,
    ],
    [
      "a seed twice",
      "{ cpuSeconds: 9, seeds: [1, 1], variants: { a: {} } }",
      /ablation\.seeds: .*once.*Got \[1,1\]/,
    ],
    [
      "a budget of nothing",
      "{ cpuSeconds: 0, seeds: [1], variants: { a: {} } }",
      /ablation\.cpuSeconds: .*Got 0/,
    ],
    [
      "no variants",
      "{ cpuSeconds: 9, seeds: [1], variants: {} }",
      /ablation\.variants: .*at least one variant/,
    ],
    [
      "a variant's odd name",
      "{ cpuSeconds: 9, seeds: [1], variants: { a/b: {} } }",
      /ablation\.variants.*a\/b/,
    ],
  ])("an ablation with %s is named", (_, ablation, message) => {
    expect(faultsOf(`${sound}ablation: ${ablation}`)).toMatch(message);
  });

  test.each(["{ share: 0.5 }", "{ emoji: , share: 0.5 }"])("further videos want emoji: %s", (further) => {
    const [before, after] = [
      "videoPrediction: { batch: 1",
      `videoPrediction: { further: ${further}, batch: 1`,
    ];
    expect(faultsOf(sound.replace(before, after))).toMatch(
      /transformer\.train\.tasks\.videoPrediction\.further\.emoji: .*list of names, \{ groups: \[\.\.\.\] \}/,
    );
  });

  test("what is no YAML, or no mapping, is told", () => {
    expect(faultsOf("a: [1")).toContain("my.yaml is not sound YAML");
    expect(faultsOf("- a\n")).toMatch(/the config: Expected object/);
    expect(faultsOf("")).toMatch(/the config: /);
  });
});
