import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { golden, goldenTensor } from "./fixtures/oracle.ts";
import { SegmentationScore } from "./segmentation-score.ts";

beforeAll(useCpu);

const scoresOf = (score: SegmentationScore) => [
  score.pixelAccuracy(),
  score.meanIoU(),
  score.frequencyWeightedIoU(),
];

/** Adds class maps given as rows of classes. */
async function add(score: SegmentationScore, predicted: number[], target: number[]): Promise<void> {
  const maps = [predicted, target].map((classes) => tf.tensor1d(classes, "int32"));
  try {
    await score.add(maps[0], maps[1]);
  } finally {
    tf.dispose(maps);
  }
}

describe("SegmentationScore", () => {
  test("by hand, in two batches; a class that occurs nowhere does not count", () =>
    expectNoLeak(async () => {
      const score = new SegmentationScore({ classes: 4 });
      await add(score, [0, 0, 1, 1], [0, 0, 0, 1]);
      await add(score, [1, 3, 1, 0], [1, 1, 1, 0]);
      // Targets: 4 of class 0, 4 of class 1. IoU: 3/4, 3/5, none, 0/1.
      expect([...score.confusion]).toEqual([3, 1, 0, 0, 0, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
      const [accuracy, mean, weighted] = scoresOf(score);
      expect(accuracy).toBe(6 / 8);
      expect(mean).toBeCloseTo((3 / 4 + 3 / 5 + 0) / 3, 15);
      expect(weighted).toBeCloseTo((4 / 8) * (3 / 4) + (4 / 8) * (3 / 5), 15);
    }));

  test("is 1 where everything is right", async () => {
    const score = new SegmentationScore({ classes: 3 });
    await add(score, [2, 0, 2], [2, 0, 2]);
    expect(scoresOf(score)).toEqual([1, 1, 1]);
  });

  test("agrees with numpy", () =>
    expectNoLeak(async () => {
      const [predicted, target] = [
        goldenTensor("segmentation.predicted"),
        goldenTensor("segmentation.target"),
      ];
      const score = new SegmentationScore({ classes: 7 });
      await score.add(predicted, target);
      expect([...score.confusion]).toEqual([...golden("segmentation.confusion").data]);
      for (const [index, value] of scoresOf(score).entries()) {
        expect(value).toBeCloseTo(golden("segmentation.scores").data[index], 14);
      }
      tf.dispose([predicted, target]);
    }));
});

describe("SegmentationScore refuses", () => {
  test("a class out of range, which it names, and counts nothing", () =>
    expectNoLeak(async () => {
      const score = new SegmentationScore({ classes: 3 });
      await expect(add(score, [0, 1, 2], [0, 255, 1])).rejects.toThrow(
        "target: wanted classes from 0 to 2, got the class 255 at element 1",
      );
      await expect(add(score, [0, -1], [0, 0])).rejects.toThrow(
        "predicted: wanted classes from 0 to 2, got the class -1",
      );
      expect(Math.max(...score.confusion)).toBe(0);
    }));

  test("maps of two shapes, and maps that are not int32", () =>
    expectNoLeak(async () => {
      const score = new SegmentationScore({ classes: 3 });
      await expect(add(score, [0, 1], [0])).rejects.toThrow("predicted: wanted the shape [1], got [2]");
      const [scores, classes] = [tf.zeros([2]), tf.zeros([2], "int32")];
      await expect(score.add(scores, classes)).rejects.toThrow("predicted: wanted int32, got float32");
      tf.dispose([scores, classes]);
    }));

  test("no classes, and scores of nothing", () => {
    expect(() => new SegmentationScore({ classes: 1.5 })).toThrow(
      "classes must be a whole number above 0, got 1.5",
    );
    expect(() => new SegmentationScore({ classes: 2 }).meanIoU()).toThrow(
      "wanted at least one pixel, got none",
    );
  });
});
