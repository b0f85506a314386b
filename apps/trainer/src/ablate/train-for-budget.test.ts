import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { VqModel } from "@nuwa/vqgan";
import { beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { WholeRunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import { CodeTable } from "../train/code-table.ts";
import { openData, type RunData } from "../train/data.ts";
import { splitLoss } from "../train/held-out-loss.ts";
import { createLearner } from "../train/transformer-learner.ts";
import { CpuClock } from "./cpu-clock.ts";
import { type BudgetPosition, learningRateOf, trainForBudget } from "./train-for-budget.ts";

let config: WholeRunConfig;
let data: RunData;
let codes: CodeTable;

beforeAll(async () => {
  await useCpu();
  config = wholeRun(await loadConfig("test"));
  data = await openData(config);
  const tokenizer = VqModel.create({ ...config.tokenizer.model, resolution: 16 } as never, new Rng(1));
  codes = await CodeTable.build(data.dataset, data.captions, tokenizer);
  tokenizer.dispose();
});

/** Trains with steps of a second by a clock of its own; an evaluation takes a minute. */
async function train({
  cpuSeconds = 4,
  seed = 1,
  signal,
}: {
  cpuSeconds?: number;
  seed?: number;
  signal?: AbortSignal;
} = {}) {
  let now = 0;
  const positions: BudgetPosition[] = [];
  const losses: Awaited<ReturnType<typeof splitLoss>>[] = [];
  const learner = createLearner({ ...config, seed }, data);
  try {
    await trainForBudget(
      learner,
      { codes },
      {
        train: config.transformer.train,
        seed,
        cpuSeconds,
        evaluations: 2,
        clock: new CpuClock(() => now),
        signal,
        evaluate: async (position) => {
          now += 60;
          positions.push(position);
          losses.push(await splitLoss(learner.model, codes, "heldOut", { images: 4, videos: 2 }));
        },
        onStep: () => {
          now += 1;
        },
      },
    );
  } finally {
    learner.optimizer.dispose();
    learner.model.dispose();
  }
  return { positions, losses };
}

describe("trainForBudget", () => {
  test("trains until the budget is used up, evaluations left out", () =>
    expectNoLeak(async () => {
      const { positions } = await train();
      expect(positions.map(({ tokens, ...rest }) => rest)).toEqual([
        { share: 0.5, cpuSeconds: 2, steps: 2 },
        { share: 1, cpuSeconds: 4, steps: 4 },
      ]);
      expect(positions[1].tokens).toBeGreaterThan(positions[0].tokens);
    }));

  test("a seed's runs see the same batches and reach the same likelihood, another seed's do not", async () => {
    const [first, again, other] = [await train(), await train(), await train({ seed: 2 })];
    expect(again).toEqual(first);
    expect(other.losses).not.toEqual(first.losses);
  });

  test("a step that passes two evaluations makes both", async () => {
    const { positions } = await train({ cpuSeconds: 0.5 });
    expect(positions.map(({ share, steps }) => [share, steps])).toEqual([
      [0.5, 1],
      [1, 1],
    ]);
  });

  test("the signal ends it", () =>
    expectNoLeak(async () => {
      await expect(train({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    }));
});

test("the learning rate rises over the first steps and falls over the budget", () => {
  const rate = learningRateOf({ learningRate: 2, finalShare: 0.5, warmupSteps: 4 });
  expect(rate(0, 0)).toBe(0.5);
  expect(rate(1, 0)).toBe(1);
  expect(rate(3, 0)).toBe(2);
  expect(rate(9, 0.5)).toBeCloseTo(1.5, 12);
  expect(rate(1, 0.5)).toBeCloseTo(0.75, 12);
  expect(rate(99, 1)).toBe(1);
  expect(learningRateOf({ learningRate: 2, finalShare: 0, warmupSteps: 0 })(0, 0)).toBe(2);
});
