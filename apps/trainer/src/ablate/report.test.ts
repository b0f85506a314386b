import { expect, test } from "vitest";
import type { Evaluation } from "./evaluation.ts";
import type { AblationConfig } from "./plan.ts";
import { ablationChart, ablationTable } from "./report.ts";

const config = {
  ablation: { cpuSeconds: 10, evaluations: 2, variants: { axes: {}, row: {}, "not yet": {} } },
} as unknown as AblationConfig;

/** A run whose likelihoods halve to `end`. */
function run(variant: string, seed: number, end: number, steps: number): Evaluation[] {
  return [0.5, 1].map((share) => {
    const meanNll = end / share;
    const nll = { textToImage: meanNll - 0.1, videoPrediction: meanNll, textToVideo: meanNll + 0.1 };
    const trainedNll = { textToImage: 0, videoPrediction: meanNll, textToVideo: meanNll / 2 };
    return {
      variant,
      seed,
      share,
      cpuSeconds: 10 * share,
      steps: steps * share,
      tokens: 100 * steps * share,
      nll,
      meanNll,
      trainedNll,
    };
  });
}

const runs = [run("axes", 1, 1, 20), run("row", 1, 1.25, 30), run("axes", 2, 2, 22), run("row", 2, 2.05, 30)];

test("means and deviations over seeds, and differences of runs of one seed", () => {
  expect(ablationTable({ config, runs })).toEqual([
    [
      "variant",
      "text → image",
      "prediction",
      "text → video",
      "mean",
      "mean − axes's",
      "mean, trained",
      "steps",
      "tokens / CPU s",
      "seeds",
    ],
    [
      "axes",
      "1.400 ± 0.707",
      "1.500 ± 0.707",
      "1.600 ± 0.707",
      "1.500 ± 0.707",
      "–",
      "0.750 ± 0.354",
      "21 ± 1",
      "210 ± 14",
      "2",
    ],
    [
      "row",
      "1.550 ± 0.566",
      "1.650 ± 0.566",
      "1.750 ± 0.566",
      "1.650 ± 0.566",
      "+0.150 ± 0.141",
      "0.825 ± 0.283",
      "30 ± 0",
      "300 ± 0",
      "2",
    ],
  ]);
});

test("a single seed has no deviation; better than the first is negative", () => {
  const table = ablationTable({ config, runs: [run("axes", 1, 1, 20), run("row", 1, 0.75, 30)] });
  expect(table[2]).toEqual(["row", "0.650", "0.750", "0.850", "0.750", "−0.250", "0.375", "30", "300", "1"]);
});

test("without the first variant's run of a seed there is no difference", () => {
  expect(ablationTable({ config, runs: [run("row", 1, 1, 20)] })[1][5]).toBe("–");
  expect(ablationTable({ config, runs: [] })).toHaveLength(1);
});

test("the chart has a line for each variant that has runs", () => {
  const svg = ablationChart({ config, runs });
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).toContain(">axes 1.5</text>");
  expect(svg).toContain(">CPU seconds</text>");
});
