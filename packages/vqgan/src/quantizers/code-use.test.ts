import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { codeCounts, codeUse, nextCounts } from "./code-use.ts";

beforeAll(useCpu);

test.each([2, 3, 4, 7, 16, 17])("counts of %i codes agree with a loop, in chunks too", (codeCount) =>
  expectNoLeak(async () => {
    const drawn = new Rng(codeCount).integers(25, codeCount);
    const expected = new Array<number>(codeCount).fill(0);
    for (const code of drawn) expected[code]++;
    const codes = tf.tensor1d(drawn, "int32");
    const counts = codeCounts(codes, codeCount);
    const chunked = codeCounts(codes, codeCount, 20);
    await expectClose(counts, { shape: [codeCount], data: expected }, {});
    await expectClose(chunked, counts, {});
    tf.dispose([codes, counts, chunked]);
  }),
);

test("perplexity, usage and dead codes of a hand-worked case", () =>
  expectNoLeak(async () => {
    const codes = tf.tensor2d([[0, 2, 2, 0]], undefined, "int32");
    const running = tf.tensor1d([1, 0.5, 0.03, 0.02]);
    const next = nextCounts(running, codes, 0.5);
    await expectClose(next, { shape: [4], data: [1.5, 0.25, 1.015, 0.01] }, { atol: 1e-6 });
    const usual = codeUse(codes, running, { decay: 0.5 }); // the last one is below 0.03
    await expectClose(usual.perplexity, { shape: [], data: [2] }, { atol: 1e-5 });
    await expectClose(usual.usage, { shape: [], data: [0.5] }, {});
    await expectClose(usual.dead, { shape: [], data: [1] }, {});
    const strict = codeUse(codes, running, { decay: 0.5, deadBelow: 0.3 });
    await expectClose(strict.dead, { shape: [], data: [2] }, {});
    tf.dispose([codes, running, next, ...Object.values(usual), ...Object.values(strict)]);
  }));

test("nothing as large as latents times codes is held", () =>
  expectNoLeak(async () => {
    const codes = tf.tensor1d(new Rng(1).integers(64, 2 ** 16), "int32");
    const counts = codeCounts(codes, 2 ** 16);
    const { peakBytes } = await tf.profile(() => codeCounts(codes, 2 ** 16).dispose());
    expect(peakBytes).toBeLessThan((64 * 2 ** 16 * 4) / 8);
    tf.dispose([codes, counts]);
  }));
