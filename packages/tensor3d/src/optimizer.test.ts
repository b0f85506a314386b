import { readFileSync } from "node:fs";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { AdamW } from "./optimizer.ts";
import { Rng, randomNormal } from "./rng.ts";
import { decodeSafetensors } from "./safetensors/decode.ts";
import { encodeSafetensors } from "./safetensors/encode.ts";
import { cosineSchedule } from "./schedule.ts";

// Written by tooling/oracle/tensor3d.py with torch.optim.AdamW.
const { tensors: oracle } = decodeSafetensors(
  readFileSync(new URL("./fixtures/adamw.safetensors", import.meta.url)),
);
const golden = (key: string) => oracle[key] as { shape: number[]; data: Float32Array };
const tensor = (key: string) => tf.tensor(golden(key).data.slice(), golden(key).shape);

beforeAll(useCpu);

test.each([
  ["plain", undefined],
  ["clipped", 0.5],
])("five steps agree with torch.optim.AdamW, %s", (name, clipNorm) =>
  expectNoLeak(async () => {
    const params = tf.tidy(() => ({
      matrix: tf.variable(tensor(`${name}.start.matrix`)),
      vector: tf.variable(tensor(`${name}.start.vector`)),
    }));
    const optimizer = new AdamW(params, { beta2: 0.95, weightDecay: 0.1, clipNorm });
    for (let step = 0; step < 5; step++) {
      const gradients = {
        matrix: tensor(`${name}.${step}.gradient.matrix`),
        vector: tensor(`${name}.${step}.gradient.vector`),
      };
      const norm = optimizer.step(gradients, 0.01 * (step + 1));
      await expectClose(norm, golden(`${name}.${step}.norm`), { rtol: 1e-6 });
      await expectClose(params.matrix, golden(`${name}.${step}.matrix`), { atol: 1e-6 });
      await expectClose(params.vector, golden(`${name}.${step}.vector`), { atol: 1e-6 });
      tf.dispose([gradients, norm]);
    }
    optimizer.dispose();
    tf.dispose(params);
  }),
);

test("by hand: the first step moves every element by the learning rate against its sign", () =>
  expectNoLeak(async () => {
    const w = tf.tidy(() => tf.variable(tf.tensor1d([1, 1])));
    const optimizer = new AdamW({ w }, { epsilon: 0 });
    const gradients = { w: tf.tensor1d([0.001, -50]) };
    const norm = optimizer.step(gradients, 0.1);
    await expectClose(w, { shape: [2], data: [0.9, 1.1] }, { atol: 1e-6 });
    optimizer.dispose();
    tf.dispose([w, gradients, norm]);
  }));

test("a learning rate may be a tensor, which stays the caller's", () =>
  expectNoLeak(async () => {
    const rate = tf.scalar(0.05);
    const gradients = { w: tf.tensor2d([[0.5, -2]]) };
    const [w, expected] = [0.05, rate].map((learningRate) => {
      const param = tf.tidy(() => tf.variable(tf.tensor2d([[1, 3]])));
      const optimizer = new AdamW({ w: param });
      for (let step = 0; step < 3; step++) optimizer.step(gradients, learningRate).dispose();
      optimizer.dispose();
      return param;
    });
    await expectClose(w, expected, {});
    tf.dispose([rate, gradients, w, expected]);
  }));

test("a resumed run gives the same bits", () =>
  expectNoLeak(async () => {
    const rng = new Rng(2);
    const start = randomNormal([3, 4], rng);
    const gradients = Array.from({ length: 6 }, () => ({ w: randomNormal([3, 4], rng) }));
    const run = (optimizer: AdamW, steps: { w: tf.Tensor }[]) => {
      for (const step of steps) optimizer.step(step, 0.01).dispose();
    };
    const straight = tf.variable(start);
    const one = new AdamW({ w: straight }, { clipNorm: 1 });
    run(one, gradients);

    const before = tf.variable(start);
    const two = new AdamW({ w: before }, { clipNorm: 1 });
    run(two, gradients.slice(0, 3));
    const { tensors } = decodeSafetensors(await encodeSafetensors({ ...(await two.state()), w: before }));
    const { w, ...state } = tensors;
    const after = tf.tidy(() => tf.variable(tf.tensor(w.data as Float32Array, w.shape)));
    const three = new AdamW({ w: after }, { clipNorm: 1 });
    three.loadState(state as never);
    run(three, gradients.slice(3));
    await expectClose(after, straight, {});
    expect((await three.state()).step.data[0]).toBe(6);
    for (const optimizer of [one, two, three]) optimizer.dispose();
    tf.dispose([start, gradients, straight, before, after]);
  }));

test("a state is that of its call: later steps, and dispose, leave it alone", () =>
  expectNoLeak(async () => {
    const params = tf.tidy(() => ({ a: tf.variable(tf.zeros([2, 2])), b: tf.variable(tf.zeros([1, 2])) }));
    const gradients = { a: tf.ones([2, 2]), b: tf.fill([1, 2], 2) };
    const optimizer = new AdamW(params, { beta1: 0.5, beta2: 0.75 });
    const step = () => optimizer.step(gradients, 0.1).dispose();
    step();
    const kept = await optimizer.state();
    const during = optimizer.state();
    step();
    const after = optimizer.state();
    optimizer.dispose();
    const expected = {
      step: { shape: [], data: Int32Array.of(1) },
      "mean.a": { shape: [2, 2], data: new Float32Array(4).fill(0.5) },
      "square.a": { shape: [2, 2], data: new Float32Array(4).fill(0.25) },
      "mean.b": { shape: [1, 2], data: new Float32Array(2).fill(1) },
      "square.b": { shape: [1, 2], data: new Float32Array(2).fill(1) },
    };
    expect(kept).toEqual(expected);
    expect(await during).toEqual(expected);
    expect((await after)["mean.a"].data).toEqual(new Float32Array(4).fill(0.75));

    const resumed = new AdamW(params, { beta1: 0.5, beta2: 0.75 });
    resumed.loadState(kept);
    kept["mean.a"].data.fill(9 as never);
    expect((await resumed.state())["mean.a"].data).toEqual(expected["mean.a"].data);
    resumed.dispose();
    tf.dispose([params, gradients]);
  }));

test("parameters that are updated as one get what each gets alone", () =>
  expectNoLeak(async () => {
    const shapes = { a: [3, 4], b: [], c: [5], d: [2, 4], e: [70_000, 2], f: [2, 2], g: [1], h: [2, 1, 4] };
    const rng = new Rng(3);
    const draw = () => Object.entries(shapes).map(([key, shape]) => [key, randomNormal(shape, rng)] as const);
    const start = draw();
    const gradients = [Object.fromEntries(draw()), Object.fromEntries(draw())];
    const variables = () => Object.fromEntries(start.map(([key, value]) => [key, tf.variable(value)]));
    const [together, apart] = [variables(), variables()];
    const one = new AdamW(together);
    const each = Object.entries(apart).map(([key, variable]) => new AdamW({ [key]: variable }));
    for (const gradient of gradients) {
      for (const optimizer of [one, ...each]) optimizer.step(gradient, 0.1).dispose();
    }
    const states = await Promise.all(each.map((optimizer) => optimizer.state()));
    expect(await one.state()).toEqual(Object.assign({}, ...states));
    for (const key of Object.keys(shapes)) await expectClose(together[key], apart[key], {});
    for (const optimizer of [one, ...each]) optimizer.dispose();
    tf.dispose([start.map(([, value]) => value), gradients, together, apart]);
  }));

test("bad input is named, and nothing changes", () =>
  expectNoLeak(async () => {
    const w = tf.tidy(() => tf.variable(tf.ones([2])));
    const optimizer = new AdamW({ "a.w": w });
    const wrong = tf.ones([3]);
    expect(() => optimizer.step({}, 0.1)).toThrow("none came for a.w");
    expect(() => optimizer.step({ "a.w": wrong }, 0.1)).toThrow("the gradient of a.w: wanted [2], got [3]");
    expect(() => optimizer.loadState({})).toThrow("missing step [];");
    expect(() => new AdamW({}, { beta1: 1 })).toThrow("AdamW: wanted beta1, beta2 in [0, 1)");
    expect((await optimizer.state()).step.data[0]).toBe(0);
    await expectClose(w, { shape: [2], data: [1, 1] }, {});
    optimizer.dispose();
    tf.dispose([w, wrong]);
  }));

describe("cosineSchedule", () => {
  test("rises in a line, falls along half a cosine, stays", () => {
    const rate = cosineSchedule({ peak: 1, warmupSteps: 4, totalSteps: 12, final: 0.1 });
    expect([0, 3, 4].map(rate)).toEqual([0.25, 1, 1]);
    expect(rate(8)).toBeCloseTo(0.55);
    expect(rate(12)).toBeCloseTo(0.1);
    expect(rate(99)).toBeCloseTo(0.1);
  });

  test("refuses a warm-up longer than the whole", () => {
    expect(() => cosineSchedule({ peak: 1, warmupSteps: 4, totalSteps: 4 })).toThrow(
      "warmupSteps 4, totalSteps 4",
    );
  });
});
