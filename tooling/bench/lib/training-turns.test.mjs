import { expect, test } from "vitest";
import { trainInTurns } from "./training-turns.mjs";

/** A contestant that takes `second` a step, whose losses fall from `loss` by 1 a step. */
function contestant(second, loss, { warmUp = 2, other } = {}) {
  let steps = 0;
  const train = async (count) => ({
    seconds: Array.from({ length: count }, (_, index) => second + index),
    losses: Array.from({ length: count }, () => loss - steps++),
  });
  return { train, warmUp, steps: 2, other };
}

test("counts the steps after the warm-up and compares losses of the same steps", async () => {
  const contestants = { ours: contestant(1, 9), peer: contestant(3, 9.25, { warmUp: 1 }) };
  const { ours, peer } = await trainInTurns(contestants, { rounds: 2, tolerance: 0.5 });
  expect(ours.seconds).toEqual({ min: 1, median: 1.5, max: 2 });
  expect(ours.losses).toEqual([9, 8, 7, 6, 5, 4]);
  expect(peer.losses).toHaveLength(5);
  expect([ours.apart, peer.apart]).toEqual([0, 0.25]);
});

test("losses that part, or are no numbers, end the run before anything is timed; another model's do not", async () => {
  const run = (loss, options) =>
    trainInTurns(
      { ours: contestant(1, 9), peer: contestant(1, loss, options) },
      { rounds: 1, tolerance: 0.5 },
    );
  await expect(run(8.25)).rejects.toThrow(
    "Losses: wanted the same within 0.5, got 0.75 between ours (9.00000 8.00000) and peer (8.25000 7.25000).",
  );
  await expect(run(Number.NaN)).rejects.toThrow("got NaN between");
  expect((await run(8, { other: true })).peer.apart).toBe(1);
});
