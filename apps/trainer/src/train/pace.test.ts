import { describe, expect, test } from "vitest";
import { planSteps, secondsOfStep } from "./pace.ts";

describe("planSteps", () => {
  const never = () => Promise.reject(new Error("nothing is to be measured"));

  test("takes a number of steps as it is", async () => expect(await planSteps({ steps: 7 }, never)).toBe(7));

  test.each([
    [0.1, 600],
    [10, 100],
    [0.001, 2000],
  ])("at %d seconds a step, a minute within 100 to 2000 is %i steps", async (seconds, steps) => {
    const planned = await planSteps({ minutes: 1, least: 100, most: 2000 }, async () => seconds);
    expect(Math.abs(planned - steps)).toBeLessThanOrEqual(1); // the measuring itself takes a moment
  });

  test("the time of measuring counts", async () => {
    const measure = async () => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      return 0.001;
    };
    expect(await planSteps({ minutes: 0.01, least: 1, most: 1000 }, measure)).toBeLessThanOrEqual(301);
  });
});

test("secondsOfStep leaves out the first steps and takes the median", async () => {
  const waits = [50, 50, 0, 0, 60];
  let at = 0;
  const step = () => new Promise<void>((resolve) => setTimeout(resolve, waits[at++]));
  expect(await secondsOfStep(step, { warmUp: 2, count: 3 })).toBeLessThan(0.03);
  expect(at).toBe(5);
});
