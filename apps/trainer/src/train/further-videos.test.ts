import { Rng } from "@nuwa/tensor3d";
import { useCpu } from "@nuwa/testing";
import { VqModel } from "@nuwa/vqgan";
import { beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { WholeRunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import { CodeTable } from "./code-table.ts";
import { openData } from "./data.ts";
import { furtherVideos, openFurtherData } from "./further-videos.ts";

beforeAll(useCpu);

async function open(emoji: readonly string[] | undefined) {
  const config = structuredClone(wholeRun(await loadConfig("test"))) as WholeRunConfig;
  config.transformer.train.tasks.videoPrediction.further =
    emoji === undefined ? undefined : { emoji, share: 0.5 };
  const data = await openData(config);
  return { config, data, further: await openFurtherData(config, data) };
}

test("all videos of the emoji that the captioned data lacks, none of the others", async () => {
  const { config, data, further } = await open(["fox", "apple", "panda"]);
  const tokenizer = VqModel.create({ ...config.tokenizer.model, resolution: 16 } as never, new Rng(1));
  const codes = await CodeTable.build(further!.dataset, further!.captions, tokenizer);
  tokenizer.dispose();
  const { samples } = furtherVideos(codes, data);
  expect(new Set(samples.map(({ combination }) => combination.emoji))).toEqual(new Set(["fox", "panda"]));
  const combinations = 2 * 3 * 4; // emoji, backgrounds, motions
  expect(new Set(samples.map(({ combination }) => JSON.stringify(combination))).size).toBe(combinations);
});

test("without the field there are none", async () => {
  expect((await open(undefined)).further).toBeUndefined();
});

test.each([
  [["apple", "star"], "videoPrediction.further: wanted emoji that data.emoji lacks, got none"],
  [["foks"], 'In the config\'s transformer.train.tasks.videoPrediction.further: .*"foks" \\(near: .*"fox"'],
])("emoji %o are refused", async (emoji, message) => {
  await expect(open(emoji)).rejects.toThrow(new RegExp(message));
});
