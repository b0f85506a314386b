import type { Budget } from "../config/schema.ts";

/**
 * The number of steps of a stage. With minutes it is measured once, before the stage begins: what training
 * then gives follows from that number alone, not from how the speed changes.
 *
 * @param measure trains something else of the same shape for a moment and returns the seconds of a step
 */
export async function planSteps(budget: Budget, measure: () => Promise<number>): Promise<number> {
  if ("steps" in budget) return budget.steps;
  const started = performance.now();
  const secondsPerStep = await measure();
  const left = budget.minutes * 60 - (performance.now() - started) / 1000;
  const steps = Math.floor(Math.max(0, left) / secondsPerStep);
  return Math.min(budget.most, Math.max(budget.least, steps));
}

/** The median of the seconds of `count` steps, after `warmUp` steps that do not count. */
export async function secondsOfStep(
  step: () => Promise<void>,
  { warmUp = 3, count = 7 } = {},
): Promise<number> {
  const times: number[] = [];
  for (let done = 0; done < warmUp + count; done++) {
    const started = performance.now();
    await step();
    if (done >= warmUp) times.push((performance.now() - started) / 1000);
  }
  return times.sort((a, b) => a - b)[count >> 1];
}
