import { expect, test } from "vitest";
import { takeTurns, timesTable } from "./turns.mjs";

/** A contestant whose calls take the next of `seconds` each, and a record of whose turns came when. */
function contestants(given) {
  const turns = [];
  const made = Object.entries(given).map(([name, { seconds, once }]) => {
    const left = [...seconds];
    const run = async (calls) => {
      turns.push(`${name} ${calls}`);
      return left.splice(0, calls);
    };
    return { name, run, once };
  });
  return { made, turns };
}

test("turns alternate, and neither the warm-up nor the first calls of a turn count", async () => {
  const { made, turns } = contestants({
    ours: { seconds: [9, 0.04, 9, 9, 9, 0.01, 0.02, 9, 9, 9, 0.03, 0.05] }, // three calls in 0.1 s
    peer: { seconds: [9, 8, 6, 4] }, // long calls: one a turn, which counts
    slow: { seconds: [30], once: true },
  });
  const times = await takeTurns(made, { rounds: 2, calls: 2 });
  expect(turns).toEqual(["ours 2", "peer 2", "ours 5", "peer 1", "slow 1", "ours 5", "peer 1"]);
  expect(times).toEqual({
    ours: { min: 0.01, median: 0.025, max: 0.05 },
    peer: { min: 4, median: 5, max: 6 },
    slow: { min: 30, median: 30, max: 30 },
  });
});

test("the table has milliseconds and ratios to the first", () => {
  const lines = timesTable({ ours: { min: 0.01, median: 0.02 }, other: { min: 0.15, median: 0.2 } });
  expect(lines.map((line) => line.replaceAll(/\s+/g, " "))).toEqual([
    "ours 10.00 / 20.00 ms",
    "other 150 / 200 ms 15.0 / 10.0 times ours",
  ]);
});
