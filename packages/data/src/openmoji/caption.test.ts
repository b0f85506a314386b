import { describe, expect, test } from "vitest";
import { type BackgroundName, backgroundColours } from "./backgrounds.ts";
import { captionOf, parseCaption } from "./caption.ts";
import { type MotionName, motions } from "./motion.ts";
import { smallEmoji } from "./sets.ts";

const vocabulary = {
  emoji: smallEmoji,
  backgrounds: Object.keys(backgroundColours) as BackgroundName[],
  motions: Object.keys(motions) as MotionName[],
};

describe("captionOf", () => {
  test.each([
    [{ emoji: "apple", background: "red" }, "an apple on a red background"],
    [{ emoji: "unicorn", background: "orange" }, "a unicorn on an orange background"],
    [{ emoji: "hourglass", background: "blue" }, "an hourglass on a blue background"],
    [{ emoji: "grapes", background: "pink" }, "grapes on a pink background"],
    [{ emoji: "bus", background: "gray", motion: "left" }, "a bus on a gray background moving left"],
    [{ emoji: "bread", background: "gray", motion: "spin" }, "bread on a gray background spinning"],
  ] as const)("%j", (attributes, caption) => {
    expect(captionOf(attributes)).toBe(caption);
  });
});

describe("parseCaption", () => {
  test("reads every caption back", () => {
    for (const emoji of vocabulary.emoji) {
      for (const background of vocabulary.backgrounds) {
        expect(parseCaption(captionOf({ emoji, background }), vocabulary)).toEqual({ emoji, background });
        for (const motion of vocabulary.motions) {
          const attributes = { emoji, background, motion };
          expect(parseCaption(captionOf(attributes), vocabulary)).toEqual(attributes);
        }
      }
    }
  });

  test("does not mind case, spaces, articles and a full stop", () => {
    const attributes = parseCaption(
      "  The apple".replace("The ", "A ").concat("  on red Background. "),
      vocabulary,
    );
    expect(attributes).toEqual({ emoji: "apple", background: "red" });
  });

  test.each([
    ["", 'wanted a caption such as "an apple on a red background", got an empty one'],
    ["a blue apple", 'got "a blue apple"'],
    ["a foks on a red background", 'unknown emoji "foks" (near: "fox"'],
    ["a fox on a bleu background", 'unknown background "bleu" (near: "blue")'],
    ["a fox on a red background spining", 'unknown motion "spining" (near: "spinning")'],
    ["a zebra on a red background", 'unknown emoji "zebra"'],
  ])("%j is an error that helps", (caption, message) => {
    expect(() => parseCaption(caption, vocabulary)).toThrow(
      expect.objectContaining({ code: "INPUT", message: expect.stringContaining(message) }),
    );
  });
});
