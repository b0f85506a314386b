import { ensureGradients, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { FsqQuantizer } from "./fsq.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});

/** One quantizer without projections. */
function fsq(levels: number[], dim = levels.length): FsqQuantizer {
  return new FsqQuantizer({ kind: "fsq", levels, dim }, new Rng(0));
}

async function codesOfLine(levels: number, values: number[]): Promise<number[]> {
  const quantizer = fsq([levels]);
  const latents = tf.tensor2d(values, [values.length, 1]);
  const codes = quantizer.codesOf(latents);
  const read = [...(await codes.data())];
  tf.dispose([latents, codes]);
  quantizer.dispose();
  return read;
}

test("an odd number of levels lies around 0", () =>
  expectNoLeak(async () => {
    // 0.999 tanh z = ±0.5 at z = ±0.5502
    expect(await codesOfLine(3, [0, 0.549, 0.551, -0.549, -0.551, 1e6, -1e6])).toEqual([1, 1, 2, 1, 0, 2, 0]);
    // 1.998 tanh z = 0.5 and 1.5 at z = 0.2556 and 0.9747
    expect(await codesOfLine(5, [0, 0.255, 0.257, 0.974, 0.976])).toEqual([2, 2, 3, 3, 4]);
  }));

test("an even number of levels has one more below 0; a tie goes to the even number", () =>
  expectNoLeak(async () => {
    // s = tan(0.5 / 1.4985) = 0.3466; at z = −s the bounded value is −0.5 exactly, which rounds to 0.
    const shift = Math.fround(Math.tan(0.5 / (1.5 * 0.999)));
    expect(shift).toBeCloseTo(0.3466, 4);
    expect(await codesOfLine(4, [0, -shift, -shift - 1e-3, 1e6, -1e6])).toEqual([2, 2, 1, 3, 0]);
    // s = tan(0.5 / 0.4995) = 1.5608
    expect(await codesOfLine(2, [0, -1.55, -1.57, 1e6, -1e6])).toEqual([1, 1, 0, 1, 0]);
  }));

test("values, codes and gradient of a hand-worked case", () =>
  expectNoLeak(async () => {
    const quantizer = fsq([3, 4]);
    const latents = tf.tensor3d([0, 0, 1, -9, -1, 9], [1, 3, 2]);
    const { codes, quantized, loss } = quantizer.quantize(latents);
    // digits (1, 2), (2, 0), (0, 3)
    await expectClose(codes, { shape: [1, 3], data: [7, 2, 9] }, {});
    await expectClose(quantized, { shape: [1, 3, 2], data: [0, 0, 1, -1, -1, 0.5] }, {});
    await expectClose(loss, { shape: [], data: [0] }, {});
    const gradient = tf.grad((z) => tf.sum(quantizer.quantize(z).quantized))(latents);
    const slope = (reach: number, x: number) => reach * (1 - Math.tanh(x) ** 2);
    const shift = Math.tan(0.5 / 1.4985);
    const expected = [0, 1, -1].flatMap((first, row) => [
      slope(0.999, first),
      slope(1.4985, [0, -9, 9][row] + shift) / 2,
    ]);
    await expectClose(gradient, { shape: [1, 3, 2], data: expected }, { atol: 1e-6 });
    tf.dispose([latents, codes, quantized, loss, gradient]);
    quantizer.dispose();
  }));

test.each([[[8, 5, 5, 5]], [[2, 3, 4, 7]]])(
  "each code of %j is reached, and its values give it back",
  (levels) =>
    expectNoLeak(async () => {
      const quantizer = fsq(levels);
      const { codeCount } = quantizer;
      expect(codeCount).toBe(levels.reduce((product, level) => product * level, 1));
      const codes = tf.range(0, codeCount, 1, "int32");
      const values = quantizer.latentsOf(codes);
      const host = await values.data();
      expect(Math.min(...host)).toBe(-1);
      expect(Math.max(...host)).toBeLessThanOrEqual(1);
      // The latents whose bounded values are whole: f(z) = ⌊L/2⌋·value, on the outermost levels nearly.
      const inverse = host.map((value, index) => {
        const level = levels[index % levels.length];
        const reach = ((level - 1) * 0.999) / 2;
        const offset = level % 2 === 0 ? 0.5 : 0;
        const inside = (Math.floor(level / 2) * value + offset) / reach;
        return Math.atanh(Math.min(0.9999, Math.max(-0.9999, inside))) - Math.tan(offset / reach);
      });
      const latents = tf.tensor2d(inverse, [codeCount, levels.length]);
      const back = quantizer.codesOf(latents);
      await expectClose(back, codes, {});
      tf.dispose([codes, values, latents, back]);
      quantizer.dispose();
    }),
);

test("bad levels and inputs are refused", () => {
  expect(() => fsq([8, 1])).toThrow("FsqQuantizer levels: wanted at least one level");
  expect(() => fsq(new Array(9).fill(8))).toThrow("wanted at most 2^24 codes, got 134217728");
  const quantizer = fsq([3, 3], 5);
  tf.tidy(() => {
    expect(() => quantizer.quantize(tf.zeros([4, 2]))).toThrow(
      "FsqQuantizer latents: wanted the shape [..., 5]",
    );
    expect(() => quantizer.latentsOf(tf.zeros([4]))).toThrow("FsqQuantizer codes: wanted int32");
  });
  quantizer.dispose();
});
