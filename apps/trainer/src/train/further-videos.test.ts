import { Rng } from "@nuwa/tensor3d";
import { useCpu } from "@nuwa/testing";
import { VqModel } from "@nuwa/vqgan";
import { beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { RunConfig } from "../config/schema.ts";
import type { Progress } from "../console/progress.ts";
import { openData } from "./data.ts";
import { furtherVideos } from "./further-videos.ts";

beforeAll(useCpu);

const quiet: Progress = { begin() {}, setTotal() {}, update() {}, finish() {} };

async function furtherOf(emoji: unknown) {
  const config = structuredClone(await loadConfig("test")) as RunConfig;
  config.transformer.train.tasks.videoPrediction.further =
    emoji === undefined ? undefined : { emoji, share: 0.5 };
  const tokenizer = VqModel.create({ ...config.tokenizer.model, resolution: 16 } as never, new Rng(1));
  try {
    return await furtherVideos(config, await openData(config), tokenizer, { progress: () => quiet });
  } finally {
    tokenizer.dispose();
  }
}

test("all videos of the emoji that the captioned data lacks, none of the others", async () => {
  const further = await furtherOf(["fox", "apple", "panda"]);
  expect(new Set(further!.samples.map(({ combination }) => combination.emoji))).toEqual(
    new Set(["fox", "panda"]),
  );
  const combinations = 2 * 3 * 4; // emoji, backgrounds, motions
  expect(new Set(further!.samples.map(({ combination }) => JSON.stringify(combination))).size).toBe(
    combinations,
  );
});

test("without the field there are none", async () => {
  expect(await furtherOf(undefined)).toBeUndefined();
});

test.each([
  [["apple", "star"], "videoPrediction.further: wanted emoji that data.emoji lacks, got none"],
  [["foks"], "videoPrediction.further"],
])("emoji %o are refused", async (emoji, message) => {
  await expect(furtherOf(emoji)).rejects.toThrow(message);
});
