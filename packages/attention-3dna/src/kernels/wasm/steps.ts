import type { Step } from "./runtime.ts";

/** The steps of the forward pass: each group, `span` at a time. */
export function forwardSteps(groups: number, span: number): Step[] {
  return groupsOf(0, groups, span).map((group) => ({ phase: "forward", group, needs: -1 }));
}

/**
 * The steps of the backward pass, in waves of `wave` groups that keep their edges in the same place: first by query, then
 * by key.
 */
export function gradientSteps(groups: number, span: number, wave: number): Step[] {
  const steps: Step[] = [];
  const perWave = wave / span;
  for (let first = 0; first < groups; first += wave) {
    const inWave = groupsOf(first, Math.min(first + wave, groups), span);
    const before = steps.length;
    for (const [index, group] of inWave.entries()) {
      steps.push({ phase: "queryGradient", group, needs: first === 0 ? -1 : before - perWave + index });
    }
    for (const [index, group] of inWave.entries()) {
      steps.push({ phase: "keyGradient", group, needs: before + index });
    }
  }
  return steps;
}

function groupsOf(first: number, end: number, span: number): number[] {
  return Array.from({ length: (end - first) / span }, (_, index) => first + index * span);
}
