import type { VqModel } from "@nuwa/vqgan";
import { expect, test } from "vitest";
import type { TokenizerInput } from "../model/tokenizer-input.ts";
import type { EvaluatedTokenizer } from "./evaluate-all.ts";
import { remarksOn, resultsOf, tablesOf } from "./report.ts";

const config = { resolution: 64, patch: 8, channels: [96], codebookSize: 256, quantizer: { kind: "ema" } };
const codes = { pictures: 100, drawings: 24, usage: 0.5, perplexity: 31.25, stability: 0.912 };

function evaluated(input: TokenizerInput, figures: object, unseen?: object): EvaluatedTokenizer {
  const kind = input === "pixels" ? "vq-gan" : "vq-gan-seg";
  const tokenizer = {
    name: "mine",
    input,
    data: {},
    model: { config: { ...config, kind } } as unknown as VqModel,
  };
  const part = (own: object, heldOutCombinations: boolean) => ({ ...codes, heldOutCombinations, ...own });
  return {
    folder: "runs/mine",
    label: "mine",
    tokenizer,
    figures: { trained: part(figures, true), ...(unseen && { unseen: part(unseen, false) }) },
  } as unknown as EvaluatedTokenizer;
}

const pixels = evaluated(
  "pixels",
  { ssim: 0.91234, psnr: 25.678, frechetDistance: 1.23456 },
  { ssim: 0.7, psnr: 18, frechetDistance: 123.456 },
);
const sketches = evaluated("sketch", { pixelAccuracy: 0.98765, frequencyWeightedIoU: 0.9 });
const options = { seed: 0, size: 64, features: "features 1" };

test("a table of tokenizers of pixels, the paper's rows in the same columns", () => {
  const [cells, ...others] = tablesOf([pixels], options);
  expect(others).toEqual([]);
  expect(cells.slice(0, 3)).toEqual([
    ["model", "kind", "quantizer", "data", "R → D", "rate", "codes", "used", "perplexity"].concat([
      "SSIM",
      "PSNR",
      "Fréchet distance",
      "of features",
      "stability",
    ]),
    ["mine", "VQ-GAN", "ema", "24 trained drawings, held-out combinations", "64² → 8²", "F8", "256"].concat([
      "50.0 %",
      "31.3",
      "0.9123",
      "25.68",
      "1.23",
      "features 1",
      "91.2 %",
    ]),
    ["mine", "VQ-GAN", "ema", "24 unseen drawings", "64² → 8²", "F8", "256"].concat([
      "50.0 %",
      "31.3",
      "0.7000",
      "18.00",
      "123",
      "features 1",
      "91.2 %",
    ]),
  ]);
  expect(cells[5]).toEqual(
    ["NÜWA (paper)", "VQ-GAN", "–", "ImageNet", "256² → 32²", "F8", "–", "–", "–"].concat([
      "0.8285",
      "–",
      "2.03",
      "Inception-v3",
      "–",
    ]),
  );
  expect(cells).toHaveLength(3 + 5);
});

test("a table of its own for class maps", () => {
  const [first, second] = tablesOf([sketches, pixels], options);
  expect(first[0]).toContain("SSIM");
  expect(second[0].slice(-3)).toEqual(["PA", "FWIoU", "stability"]);
  expect(second[1].slice(-3)).toEqual(["98.77", "90.00", "91.2 %"]);
  expect(second[1][3]).toBe("sketch of 24 trained drawings");
  expect(second[2]).toEqual(
    ["NÜWA (paper)", "VQ-GAN-Seg", "–", "MSCOCO", "336² → 21²", "F16", "–", "–", "–"].concat([
      "96.82",
      "93.91",
      "–",
    ]),
  );
});

test("says that rows are not comparable, and what has no unseen drawings", () => {
  expect(remarksOn([pixels])[0]).toContain("not comparable");
  expect(remarksOn([sketches]).at(-1)).toContain("mine");
});

test("figures for a file", () => {
  expect(resultsOf([pixels], options)).toMatchObject({
    format: "nuwa-tokenizer-evaluation",
    seed: 0,
    features: "features 1",
    tokenizers: [
      {
        name: "mine",
        kind: "vq-gan",
        quantizer: "ema",
        resolution: 64,
        grid: 8,
        downsampling: 8,
        trained: { ssim: 0.91234, heldOutCombinations: true },
        unseen: { frechetDistance: 123.456 },
      },
    ],
    paper: { pixels: expect.any(Array), classes: expect.any(Array) },
  });
});
