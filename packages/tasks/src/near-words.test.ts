import { expect, test } from "vitest";
import { editDistance, nearWords } from "./near-words.ts";

test.each([
  ["", "", 0],
  ["frog", "frog", 0],
  ["forg", "frog", 1],
  ["kitten", "sitting", 3],
  ["", "abc", 3],
])("the distance of %j and %j is %i", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test("near words come nearest first, and unrelated ones not at all", () => {
  expect(nearWords("bana", ["banana", "bandana", "van", "apple", "bane"])).toEqual(["bane", "banana"]);
  expect(nearWords("zebra", ["apple", "frog"])).toEqual([]);
});
