import { expect, test } from "vitest";
import { samplingOf } from "./pictures.ts";

const model = { sampling: { temperature: 0.8, topK: 50, guidance: 1.5, prediction: { temperature: 0.3 } } };

test("a text is drawn with the usual sampling", () => {
  const expected = { sampler: { temperature: 0.8, topK: 50 }, guidance: 1.5 };
  expect(samplingOf(model, { text: "a frog on a red background" })).toEqual(expected);
});

test("without a text, prediction's own values take the place of the usual ones", () => {
  expect(samplingOf(model, {})).toEqual({ sampler: { temperature: 0.3, topK: 50 }, guidance: 1.5 });
});

test("options that are given come first", () => {
  const options = { temperature: 0.5, topK: undefined, guidance: 2 };
  expect(samplingOf(model, {}, options)).toEqual({ sampler: { temperature: 0.5, topK: 50 }, guidance: 2 });
});
