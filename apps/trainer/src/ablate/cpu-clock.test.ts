import { expect, test } from "vitest";
import { CpuClock } from "./cpu-clock.ts";

test("counts from its beginning and leaves out what does not count", async () => {
  let now = 10;
  const clock = new CpuClock(() => now);
  expect(clock.seconds).toBe(0);
  now = 13;
  const given = await clock.without(async () => {
    now = 20;
    return "done";
  });
  expect(given).toBe("done");
  expect(clock.seconds).toBe(3);
  now = 21.5;
  expect(clock.seconds).toBe(4.5);
});

test("by itself it counts what this process computes", () => {
  const clock = new CpuClock();
  let sum = 0;
  while (clock.seconds === 0) sum += Math.hypot(sum, 1);
  expect(clock.seconds).toBeGreaterThan(0);
});
