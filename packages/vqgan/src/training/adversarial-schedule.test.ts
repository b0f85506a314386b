import { expect, test } from "vitest";
import { adversarialSchedule } from "./adversarial-schedule.ts";

test("the discriminator leads, then the weight rises in a line and stays", () => {
  const at = adversarialSchedule({ startStep: 10, leadSteps: 5, warmupSteps: 4, weight: 0.8 });
  const lone = { trainsDiscriminator: true, weight: 0 };
  expect([0, 9].map(at)).toEqual(Array(2).fill({ trainsDiscriminator: false, weight: 0 }));
  expect([10, 14].map(at)).toEqual([lone, lone]);
  expect([15, 16, 17, 18, 19, 1000].map((step) => at(step).weight)).toEqual(
    [0.2, 0.4, 0.6, 0.8, 0.8, 0.8].map((weight) => expect.closeTo(weight, 12)),
  );
  expect(at(15).trainsDiscriminator).toBe(true);
});

test.each([0, 1])("a warm-up of %d steps gives the whole weight at once", (warmupSteps) => {
  const at = adversarialSchedule({ startStep: 0, leadSteps: 0, warmupSteps, weight: 0.5 });
  expect(at(0)).toEqual({ trainsDiscriminator: true, weight: 0.5 });
});

test("a wrong config is one error that names every field", () => {
  const config = { startStep: -1, warmupSteps: 0.5, weigth: 1 } as never;
  for (const field of ["startStep", "warmupSteps", "weigth"]) {
    expect(() => adversarialSchedule(config)).toThrow(
      expect.objectContaining({ code: "CONFIG", message: expect.stringContaining(field) }),
    );
  }
});
