import type { Attributes, Vocabulary } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { captionChoices, captionScore, picksRightCaption } from "./ten-way.ts";

const vocabulary: Vocabulary = {
  emoji: ["cat", "dog", "apple", "car", "star", "fish", "sun"],
  backgrounds: ["red", "orange", "yellow", "green", "blue", "purple"],
  motions: ["right", "left", "up", "down"],
};
const right: Attributes = { emoji: "dog", background: "blue" };

test("ten captions: the right one, five other emoji, four other backgrounds, all different", () => {
  const choices = captionChoices(right, vocabulary, new Rng(0));
  expect(choices[0]).toEqual(right);
  expect(choices).toHaveLength(10);
  expect(new Set(choices.map((choice) => JSON.stringify(choice))).size).toBe(10);
  const others = choices.slice(1);
  expect(others.filter(({ background }) => background === "blue")).toHaveLength(5);
  expect(others.filter(({ emoji }) => emoji === "dog")).toHaveLength(4);
});

test("the same stream chooses the same captions", () => {
  const draw = () => captionChoices(right, vocabulary, new Rng(5));
  expect(draw()).toEqual(draw());
});

test("a video's captions differ in emoji, in motion, and in background where motions run out", () => {
  const choices = captionChoices({ ...right, motion: "up" }, vocabulary, new Rng(0)).slice(1);
  expect(choices.filter(({ emoji }) => emoji !== "dog")).toHaveLength(5);
  expect(choices.filter(({ motion }) => motion !== "up")).toHaveLength(3);
  expect(choices.filter(({ background }) => background !== "blue")).toHaveLength(1);
});

test("a small vocabulary gives fewer choices", () => {
  const small: Vocabulary = { emoji: ["cat", "dog"], backgrounds: ["red", "blue"], motions: ["up"] };
  expect(captionChoices(right, small, new Rng(0))).toHaveLength(3);
});

test("the score adds the log-probabilities, and the right caption must beat every other", () => {
  const emojiLogProbs = Float32Array.of(-4, -1, -4, -4, -4, -4, -4);
  const backgroundLogProbs = Float32Array.of(-4, -4, -4, -4, -2, -4);
  const judgement = { emojiLogProbs, backgroundLogProbs };
  expect(captionScore(judgement, right, vocabulary)).toBe(-3);
  expect(picksRightCaption(judgement, right, vocabulary, new Rng(0))).toBe(true);
  emojiLogProbs.fill(-1); // all emoji alike: a tie is not right
  expect(picksRightCaption(judgement, right, vocabulary, new Rng(0))).toBe(false);
});
