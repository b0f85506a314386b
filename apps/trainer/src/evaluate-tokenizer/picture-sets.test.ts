import { MovingOpenMoji } from "@nuwa/data";
import { describe, expect, test } from "vitest";
import { dataOpener, trainedSet, unseenSet } from "./picture-sets.ts";

const data = { size: 16, spriteSize: 8, frames: 1, align: 4, placement: "random" } as const;
const open = dataOpener({
  line() {},
  error() {},
  progress: () => ({ update() {}, begin() {}, setTotal() {}, finish() {} }),
});

describe("the trained set", () => {
  test("has the combinations that training left out", async () => {
    const dataset = await open({ ...data, emoji: ["fox", "apple"] });
    expect(trainedSet({ input: "pixels" }, dataset)).toEqual({
      dataset,
      combinations: dataset.combinations.images.heldOut,
      heldOut: true,
    });
  });

  test("or all of them where it left none out", async () => {
    const dataset = await open({ ...data, emoji: ["fox", "apple"], heldOut: 0 });
    const { combinations, heldOut } = trainedSet({ input: "pixels" }, dataset);
    expect([combinations.length, heldOut]).toEqual([2 * 8, false]);
  });

  test("of line art has all of them: a background does not show", async () => {
    const dataset = await open({ ...data, emoji: ["fox", "apple"] });
    const { combinations, heldOut } = trainedSet({ input: "sketch" }, dataset);
    expect([combinations.length, heldOut]).toEqual([2 * 8, false]);
  });

  test("data is opened once", async () => {
    expect(await open({ ...data, emoji: ["fox", "apple"] })).toBe(
      await open({ ...data, emoji: ["fox", "apple"] }),
    );
  });
});

describe("the unseen set", () => {
  const names = ["key", "pizza", "panda"]; // objects, food-drink, animals-nature

  test("has all combinations of the drawings, under the trained data's sizes", async () => {
    const trained = await open({ ...data, emoji: ["fox"], backgrounds: ["red", "blue"] });
    const set = await unseenSet({ input: "pixels", data: trained.config }, trained, names, open);
    expect(set?.dataset.emoji).toEqual(names);
    expect(set?.combinations).toHaveLength(3 * 2);
    expect(set?.dataset.config).toMatchObject({ size: 16, spriteSize: 8, align: 4 });
    expect(await unseenSet({ input: "pixels", data: trained.config }, trained, [], open)).toBeUndefined();
  });

  test("of segmentations has the drawings of known groups, under the tokenizer's classes", async () => {
    const trained = await MovingOpenMoji.open({ ...data, emoji: ["apple", "star", "fox"] });
    expect(trained.segmentationClasses).toEqual([
      "background",
      "food-drink",
      "travel-places",
      "animals-nature",
    ]);
    const set = await unseenSet({ input: "segmentation", data: trained.config }, trained, names, open);
    expect(set?.dataset.emoji).toEqual(["pizza", "panda"]);
    expect(set?.dataset.segmentationClasses).toEqual(["background", "food-drink", "animals-nature"]);
    expect(set?.classes).toEqual([0, 1, 3]);
    expect(
      await unseenSet({ input: "segmentation", data: trained.config }, trained, ["key"], open),
    ).toBeUndefined();
  });

  test("there is none where each drawing is a class", async () => {
    const trained = await MovingOpenMoji.open({ ...data, emoji: ["apple", "fox"], segmentation: "emoji" });
    const config = trained.config;
    expect(await unseenSet({ input: "segmentation", data: config }, trained, names, open)).toBeUndefined();
    expect((await unseenSet({ input: "sketch", data: config }, trained, names, open))?.dataset.emoji).toEqual(
      names,
    );
  });
});
