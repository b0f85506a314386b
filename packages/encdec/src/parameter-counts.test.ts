import { readFileSync } from "node:fs";
import { parameterCount, Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { beforeAll, describe, expect, test } from "vitest";
import { type EncoderDecoderInput, parseConfig } from "./config.ts";
import { tinyConfig } from "./fixtures/tiny.ts";
import { EncoderDecoder } from "./model.ts";
import { type ConfigName, namedConfig, namedConfigs } from "./named-configs.ts";
import { parameterCounts } from "./parameter-counts.ts";

beforeAll(useCpu);

const options: Partial<EncoderDecoderInput>[] = [
  {},
  { headDim: 3, feedForwardDim: 5, encoderLayers: 0 },
  { feedForward: "geglu" },
  { feedForward: "swiglu", feedForwardDim: 3 },
  { sandwichNorm: true, encoderLayers: 3 },
  { relativeBias: true },
  { rotary: true, headDim: 6 },
  { shift: "raster" },
  { inputTables: "shared" },
  { visualConditions: true },
  { sketchCodebookSize: undefined },
  { conditionGrid: { height: 2, width: 1, frames: 5 }, tiedHead: true },
];

test.each(options)("with %o the counts are those of the model", (change) =>
  expectNoLeak(() => {
    const config = parseConfig({ ...tinyConfig, ...change });
    const model = new EncoderDecoder(config, new Rng(1));
    const { blocks, embeddings, head, total } = parameterCounts(config);
    const parts = [model.texts, model.targets, model.sketches, model.visuals];
    expect(blocks).toBe(parameterCount(model.encoder) + parameterCount(model.decoder));
    expect(embeddings).toBe(parts.reduce((sum, part) => sum + (part ? parameterCount(part) : 0), 0));
    expect(head).toBe(parameterCount(model.head));
    expect(total).toBe(parameterCount(model));
    model.dispose();
  }),
);

describe("named configs", () => {
  test("nuwa-870m has 870 million parameters without embeddings and head, within two percent", () => {
    const { blocks } = parameterCounts(namedConfig("nuwa-870m"));
    // By hand: 12 layers of one attention, 24 of two, each with a feed-forward and two norms, and two norms at the end.
    const [attention, feedForward] = [4 * 1280 ** 2 + 1280, 8 * 1280 ** 2 + 5 * 1280];
    expect(blocks).toBe(60 * attention + 36 * (feedForward + 4 * 1280) + 4 * 1280);
    expect(Math.abs(blocks / 870e6 - 1)).toBeLessThan(0.02);
  });

  test("each is larger than the one before, and stands in the README", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
    let before = 0;
    for (const name of Object.keys(namedConfigs) as ConfigName[]) {
      const { blocks, total } = parameterCounts(namedConfig(name));
      const millions = (count: number) => `${(count / 1e6).toFixed(1)}M`;
      const row = readme.split("\n").find((line) => line.startsWith(`| \`${name}\` `));
      expect(row?.split("|").map((cell) => cell.trim())).toEqual(
        expect.arrayContaining([millions(blocks), millions(total)]),
      );
      expect(blocks).toBeGreaterThan(before);
      before = blocks;
    }
  });

  test("fields may be overridden", () => {
    const config = namedConfig("tiny", { codebookSize: 9, heads: 2 });
    expect(config).toMatchObject({ dim: 128, heads: 2, codebookSize: 9, relativeBias: true });
    expect(() => namedConfig("tiny", { heads: 3 })).toThrow("heads: must divide dim");
  });

  test("other names are refused", () => {
    expect(() => namedConfig("huge" as "tiny")).toThrow(
      'wanted one of tiny, small, base, large, nuwa-870m, got "huge"',
    );
  });
});
