import { expect, test } from "vitest";
import { nearWords } from "./near-words.ts";

test("near words come nearest first, and unrelated ones not at all", () => {
  expect(nearWords("bana", ["banana", "bandana", "van", "apple", "bane"])).toEqual(["bane", "banana"]);
  expect(nearWords("zebra", ["apple", "frog"])).toEqual([]);
});

test("a letter in a wrong place is one edit, in short words too", () => {
  expect(nearWords("forg", ["fork", "frog", "grow"])).toEqual(["fork", "frog"]);
  expect(nearWords("rde", ["red", "blue"])).toEqual(["red"]);
});

test("words of six letters may differ in two", () => {
  expect(nearWords("kitten", ["sitting", "sitten", "mittel"])).toEqual(["sitten", "mittel"]);
});
