import { expect, test } from "vitest";
import { formatDuration, formatNumber } from "./duration.ts";
import { createProgress } from "./progress.ts";

test.each([
  [0.42, "0.4 s"],
  [59.4, "59 s"],
  [185, "3 min 05 s"],
  [7620, "2 h 07 min"],
  [Number.POSITIVE_INFINITY, "unknown"],
])("%d seconds are %s", (seconds, words) => expect(formatDuration(seconds)).toBe(words));

test.each([
  [12, "12"],
  [0.12345, "0.1235"],
  [1.23456, "1.235"],
  [123.456, "123.5"],
  [0.00012, "1.20e-4"],
])("%d is shown as %s", (value, words) => expect(formatNumber(value)).toBe(words));

test("elsewhere than on a terminal, a line every few seconds with rate and time left", () => {
  let time = 0;
  const lines: string[] = [];
  const out = { write: (text: string) => lines.push(text.trimEnd()) };
  const progress = createProgress({
    title: "Train",
    total: 100,
    unit: "steps",
    out,
    every: 5,
    now: () => time,
  });
  for (let done = 1; done <= 12; done++) {
    time += 1000;
    progress.update(done, { loss: 2 / done });
  }
  progress.finish();
  progress.finish();
  progress.update(13);
  expect(lines).toEqual([
    "Train: 5/100 steps (5 %), 1 steps/s, 1 min 35 s left, loss 0.4000",
    "Train: 10/100 steps (10 %), 1 steps/s, 1 min 30 s left, loss 0.2000",
    "Train: 12 steps in 12 s, loss 0.1667",
  ]);
});

test("on a terminal, a bar", () => {
  const written: string[] = [];
  const out = {
    isTTY: true,
    columns: 100,
    write: (text: string) => written.push(text),
    on() {},
    once() {},
    removeListener() {},
  };
  const progress = createProgress({ title: "Train", total: 10, unit: "steps", out });
  progress.update(10, { loss: 0.5 });
  progress.finish();
  expect(written.join("")).toMatch(/Train .*10\/10 steps/);
});
