import { namedParams, Rng, videoGrid } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import { loud, tinyConfig } from "./fixtures/tiny.ts";
import { generate } from "./generate.ts";
import { generateBest } from "./generate-best.ts";
import { EncoderDecoder } from "./model.ts";
import { likelihood, likelihoodRatio, type Scorer } from "./scorer.ts";

beforeAll(useCpu);

const text: Condition = { kind: "text", tokens: Int32Array.from([1, 4]) };
const grid = videoGrid(2, 2, 2);
const options = { condition: text, grid, sampler: { seed: 3 }, samples: 5 };
const create = () => loud(EncoderDecoder.create(tinyConfig, new Rng(1)), 2);
const known = { mask: Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 1), codes: new Rng(4).integers(8, 7) };

describe("ranking", () => {
  test("the largest scores come first, and of equal ones the earlier sample", () =>
    expectNoLeak(async () => {
      const model = create();
      const drawn = await generate(model, options);
      const scorer: Scorer = (candidates, context) => {
        expect(candidates).toEqual(drawn);
        expect(context).toEqual({ model, condition: text, grid, known: undefined, signal: undefined });
        return [2, -Infinity, 7, 2, Infinity];
      };
      const best = await generateBest(model, { ...options, keep: 5, scorer });
      expect(best.map(({ sample }) => sample)).toEqual([4, 2, 0, 3, 1]);
      expect(best.map(({ score }) => score)).toEqual([Infinity, 7, 2, 2, -Infinity]);
      expect(best.map(({ codes }) => codes)).toEqual([4, 2, 0, 3, 1].map((sample) => drawn[sample]));
      const equal = await generateBest(model, { ...options, keep: 3, scorer: () => new Float32Array(5) });
      expect(equal.map(({ sample }) => sample)).toEqual([0, 1, 2]);
      const later: Scorer = async (candidates) => candidates.map((_, sample) => sample);
      expect(await generateBest(model, { ...options, scorer: later })).toEqual([
        { codes: drawn[4], score: 4, sample: 4 },
      ]);
      model.dispose();
    }));

  test.each<[object, string]>([
    [{ keep: 6 }, "keep must be a whole number from 1 to samples, 5, got 6"],
    [{ keep: 0 }, "got 0"],
    [{ keep: 1.5 }, "got 1.5"],
    [{ scorer: () => [1, 2] }, "one score for each of the 5 candidates, got 2"],
    [{ scorer: () => undefined }, "one score for each of the 5 candidates, got undefined"],
    [{ scorer: () => [1, 2, Number.NaN, 4, 5] }, "a number for each candidate, got NaN for candidate 2"],
    [{ scorer: () => [1, 2, 3, 4, "5"] }, "got 5 for candidate 4"],
    [{ scorer: () => Promise.reject(new Error("from the scorer")) }, "from the scorer"],
  ])("%o is refused", (wrong, message) =>
    expectNoLeak(async () => {
      const model = create();
      await expect(generateBest(model, { ...options, ...wrong })).rejects.toThrow(message);
      model.dispose();
    }),
  );

  test("aborting while scores are computed rejects with the reason", () =>
    expectNoLeak(async () => {
      const model = create();
      for (const inner of [likelihood, () => [1, 2, 3, 4, 5]]) {
        const controller = new AbortController();
        const scorer: Scorer = (candidates, context) => {
          controller.abort(new Error("enough"));
          return inner(candidates, context);
        };
        const started = generateBest(model, { ...options, scorer, signal: controller.signal });
        await expect(started).rejects.toThrow("enough");
      }
      model.dispose();
    }));
});

describe("likelihood", () => {
  test("by hand: a model that knows nothing gives each code 1/7", () =>
    expectNoLeak(async () => {
      const model = create();
      for (const variable of Object.values(namedParams(model.head))) {
        tf.tidy(() => variable.assign(tf.zerosLike(variable)));
      }
      const context = { model, condition: text, grid };
      const candidates = [new Int32Array(8), new Int32Array(8).fill(3)];
      for (const score of await likelihood(candidates, context))
        expect(score).toBeCloseTo(-8 * Math.log(7), 4);
      for (const score of await likelihood(candidates, { ...context, known }))
        expect(score).toBeCloseTo(-5 * Math.log(7), 4); // three tokens are given
      expect(await likelihoodRatio(candidates, context)).toEqual([0, 0]);
      model.dispose();
    }));

  test("equals the negative loss, and their difference under None", () =>
    expectNoLeak(async () => {
      const model = create();
      const candidates = await generate(model, options);
      const nll = (condition: Condition) =>
        candidates.map((codes) => {
          const targets = tf.tensor2d(codes, [1, 8], "int32");
          const { loss, nll, frameNll } = model.loss({ conditions: [condition], targets, grid });
          const [value] = nll.dataSync();
          tf.dispose([targets, loss, nll, frameNll]);
          return value;
        });
      const [cond, uncond] = [nll(text), nll({ kind: "none" })];
      const context = { model, condition: text, grid };
      const scores = await likelihood(candidates, context);
      const ratios = await likelihoodRatio(candidates, context);
      candidates.forEach((_, sample) => {
        expect(scores[sample]).toBeCloseTo(-8 * cond[sample], 4);
        expect(ratios[sample]).toBeCloseTo(8 * (uncond[sample] - cond[sample]), 4);
      });
      expect(await likelihoodRatio(candidates, { ...context, condition: { kind: "none" } })).toEqual(
        new Array(5).fill(0),
      );
      const [best] = await generateBest(model, options); // the default scorer
      expect(best.score).toBe(Math.max(...scores));
      model.dispose();
    }));
});
