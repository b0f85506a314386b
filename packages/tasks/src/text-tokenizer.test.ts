import { isNuwaError } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { CaptionTokenizer } from "./text-tokenizer.ts";

const CAPTIONS = ["a frog on red", "a hot-dog on blue", "a frog on blue moving left"];
const tokenizer = CaptionTokenizer.build(CAPTIONS);

function errorOf(body: () => unknown): { message: string; hint?: string; code: string } {
  try {
    body();
  } catch (error) {
    if (isNuwaError(error)) return error;
    throw error;
  }
  throw new Error("expected an error");
}

describe("CaptionTokenizer", () => {
  test("numbers the words alphabetically; the longest caption sets the length", () => {
    expect(tokenizer.words).toEqual(["a", "blue", "frog", "hot-dog", "left", "moving", "on", "red"]);
    expect(tokenizer.textLength).toBe(6);
    expect(Array.from(tokenizer.encode("a frog on red"))).toEqual([0, 2, 6, 7]);
  });

  test("does not depend on the captions' order", () => {
    expect(CaptionTokenizer.build([...CAPTIONS].reverse()).words).toEqual(tokenizer.words);
  });

  test("ignores case, white space and punctuation around words", () => {
    expect(tokenizer.encode("  A  “Hot-Dog”, on BLUE.\n")).toEqual(tokenizer.encode("a hot-dog on blue"));
  });

  test("decodes what it encoded", () => {
    for (const caption of CAPTIONS) expect(tokenizer.decode(tokenizer.encode(caption))).toBe(caption);
  });

  test("survives its file", () => {
    const restored = CaptionTokenizer.fromJSON(JSON.parse(JSON.stringify(tokenizer)));
    expect(restored.words).toEqual(tokenizer.words);
    expect(restored.encode(CAPTIONS[2])).toEqual(tokenizer.encode(CAPTIONS[2]));
  });

  test.each([
    [null, /nuwa-words/],
    [{ ...tokenizer.toJSON(), version: 2 }, /version 2/],
    [{ ...tokenizer.toJSON(), textLength: 0 }, /textLength/],
    [{ ...tokenizer.toJSON(), words: [1] }, /strings/],
    [{ ...tokenizer.toJSON(), words: ["a", "a"] }, /repeat/],
  ])("refuses the file %j", (content, message) => {
    expect(() => CaptionTokenizer.fromJSON(content)).toThrow(message);
  });

  test("names unknown words and near ones", () => {
    const error = errorOf(() => tokenizer.encode("a forg on purple"));
    expect(error.code).toBe("INPUT");
    expect(error.message).toContain('"forg", "purple"');
    expect(error.hint).toBe('Try for "forg" perhaps "frog".');
    expect(errorOf(() => tokenizer.encode("xylophone")).hint).toContain("Known words are: a, blue, frog");
  });

  test.each(["", "   ", " . , !"])("refuses the empty caption %j", (text) => {
    expect(errorOf(() => tokenizer.encode(text))).toMatchObject({
      code: "INPUT",
      message: expect.stringContaining("empty"),
    });
  });

  test("refuses a caption that is too long", () => {
    expect(errorOf(() => tokenizer.encode("a frog on a frog on red")).message).toContain(
      "7 words; the model reads at most 6",
    );
    expect(() => CaptionTokenizer.build(CAPTIONS, { textLength: 4 })).toThrow("at most 4");
  });

  test("refuses captions without words and tokens out of range", () => {
    expect(() => CaptionTokenizer.build([])).toThrow("no word");
    expect(() => tokenizer.decode([1, 99])).toThrow("from 0 to 7, got 99");
  });
});
