import { expect, test } from "vitest";
import { forwardSteps, gradientSteps } from "./steps.ts";

test("the forward pass takes the groups in turn, and waits for nothing", () => {
  expect(forwardSteps(4, 2)).toEqual([
    { phase: "forward", group: 0, needs: -1 },
    { phase: "forward", group: 2, needs: -1 },
  ]);
});

test("a group's keys wait for its queries, and its queries for the edges' place, which the wave before used", () => {
  expect(gradientSteps(5, 1, 2)).toEqual([
    { phase: "queryGradient", group: 0, needs: -1 },
    { phase: "queryGradient", group: 1, needs: -1 },
    { phase: "keyGradient", group: 0, needs: 0 },
    { phase: "keyGradient", group: 1, needs: 1 },
    { phase: "queryGradient", group: 2, needs: 2 },
    { phase: "queryGradient", group: 3, needs: 3 },
    { phase: "keyGradient", group: 2, needs: 4 },
    { phase: "keyGradient", group: 3, needs: 5 },
    { phase: "queryGradient", group: 4, needs: 6 },
    { phase: "keyGradient", group: 4, needs: 8 },
  ]);
});

test("a step of several groups is one of its wave", () => {
  expect(gradientSteps(6, 3, 3)).toEqual([
    { phase: "queryGradient", group: 0, needs: -1 },
    { phase: "keyGradient", group: 0, needs: 0 },
    { phase: "queryGradient", group: 3, needs: 1 },
    { phase: "keyGradient", group: 3, needs: 2 },
  ]);
});
