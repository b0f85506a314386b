import { allEmoji, readCatalog, selectEmoji, smallEmoji, tinyEmoji } from "@nuwa/data";
import { expect, test } from "vitest";
import { parseEmojiChoice, unseenDrawings } from "./unseen.ts";

const { entries } = await readCatalog();
const all = selectEmoji(entries, "all").map(({ name }) => name);
const tiny = { label: "tiny", emoji: tinyEmoji };

test("by itself: the drawings of all that no tokenizer learnt from", async () => {
  const small = { label: "small", emoji: smallEmoji };
  const unseen = await unseenDrawings([tiny, small]);
  expect(unseen).toEqual(all.filter((name) => !smallEmoji.includes(name)));
  expect(await unseenDrawings([{ label: "all", emoji: all }])).toEqual([]);
});

test("a choice is taken as it is, and must not overlap", async () => {
  const first = selectEmoji(entries, { ...allEmoji, limit: 950 }).map(({ name }) => name);
  const choice = { ...allEmoji, skip: 950 };
  const unseen = await unseenDrawings([{ label: "first", emoji: first }], choice);
  expect(unseen).toHaveLength(all.length - 950);
  await expect(
    unseenDrawings([tiny, { label: "mine", emoji: ["fox", "key"] }], ["key", "bell"]),
  ).rejects.toThrow("mine learnt from 1 of them: key.");
});

test.each([
  ["all", "all"],
  ["[fox, key]", ["fox", "key"]],
  ['{"groups": ["food-drink"], "skip": 3}', { groups: ["food-drink"], skip: 3 }],
  ["{ groups: [food-drink], limit: 3 }", { groups: ["food-drink"], limit: 3 }],
])("reads %s", (text, expected) => {
  expect(parseEmojiChoice(text)).toEqual(expected);
});

test.each([
  ["{ groups: [", "--unseen is not sound YAML"],
  ["{ groups: [food-drink], skp: 3 }", "--unseen: "],
  ["everything", "--unseen: "],
  ["", "--unseen: "],
])("refuses %s", (text, message) => {
  expect(() => parseEmojiChoice(text)).toThrow(message);
});
