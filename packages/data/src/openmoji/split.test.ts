import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { defaultBackgrounds } from "./backgrounds.ts";
import { combinationsOf } from "./combinations.ts";
import { tinyEmoji } from "./sets.ts";
import { heldOutPairs } from "./split.ts";

describe("heldOutPairs", () => {
  test("takes the pairs with the lowest SHA-256 of seed/first/second", () => {
    const firsts = ["a", "b", "c", "d", "e"];
    const seconds = ["x", "y", "z", "w"];
    const key = (pair: string) => createHash("sha256").update(`7/${pair}`).digest("hex");
    const pairs = firsts.flatMap((first) => seconds.map((second) => `${first}/${second}`));
    const lowest = [...pairs].sort((a, b) => (key(a) < key(b) ? -1 : 1)).slice(0, 4);
    expect([...heldOutPairs(firsts, seconds, { seed: 7, fraction: 0.2 })]).toEqual(lowest);
  });

  test("leaves every name a training pair", () => {
    for (let seed = 0; seed < 50; seed++) {
      const heldOut = heldOutPairs(["a", "b"], ["x", "y"], { seed, fraction: 0.5 });
      expect([...heldOut].sort()).toSatisfy(
        (pairs: string[]) => pairs.join() === "a/x,b/y" || pairs.join() === "a/y,b/x",
      );
    }
  });

  test("a single name holds out nothing", () => {
    expect(heldOutPairs(["a"], ["x", "y"], { seed: 0, fraction: 0.5 }).size).toBe(0);
  });
});

describe("combinationsOf", () => {
  const vocabulary = {
    emoji: tinyEmoji,
    backgrounds: defaultBackgrounds,
    motions: ["right", "left", "up", "down"] as const,
  };
  const { images, videos, splitOf } = combinationsOf(vocabulary, { seed: 0, heldOut: 0.2 });

  test("holds out the fraction of both kinds of pairs, disjointly", () => {
    expect(images.train.length + images.heldOut.length).toBe(24 * 8);
    expect(images.heldOut).toHaveLength(Math.ceil(0.2 * 24 * 8));
    const keys = (items: readonly object[]) => new Set(items.map((item) => JSON.stringify(item)));
    for (const split of [images, videos]) {
      const train = keys(split.train);
      expect([...keys(split.heldOut)].some((key) => train.has(key))).toBe(false);
    }
    const heldOutMotions = new Set(
      videos.heldOut
        .filter((video) => splitOf({ emoji: video.emoji, background: video.background }) === "train")
        .map(({ emoji, motion }) => `${emoji}/${motion}`),
    );
    expect(heldOutMotions.size).toBe(Math.ceil(0.2 * 24 * 4));
  });

  test("training sees every emoji, background and motion", () => {
    for (const items of [images.train, videos.train]) {
      expect(new Set(items.map(({ emoji }) => emoji)).size).toBe(24);
      expect(new Set(items.map(({ background }) => background)).size).toBe(8);
    }
    expect(new Set(videos.train.map(({ motion }) => motion)).size).toBe(4);
  });

  test("training never shows a held-out pair", () => {
    const heldOut = new Set(images.heldOut.map(({ emoji, background }) => `${emoji}/${background}`));
    expect(videos.train.some(({ emoji, background }) => heldOut.has(`${emoji}/${background}`))).toBe(false);
  });

  test("another seed is another split", () => {
    const other = combinationsOf(vocabulary, { seed: 1, heldOut: 0.2 });
    expect(other.images.heldOut).not.toEqual(images.heldOut);
  });
});
