import { Worker } from "node:worker_threads";
import { ensureGradients, imageGrid, NuwaError, Rng, randomNormal } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, expect, test } from "vitest";
import { attend, attendSequence } from "../../attend.ts";
import { full } from "../../full.ts";
import { splitHeads } from "../../heads.ts";
import { nearby } from "../../nearby.ts";
import { neighbourTable } from "../../neighbour-table.ts";
import type { AttentionPattern } from "../../pattern.ts";
import { cpuKernels } from "./kernels.ts";
import { kernelThreads, prepareKernels } from "./prepare.ts";
import { Workspace } from "./workspace.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});
afterEach(() => prepareKernels({ threads: 1 }));

const grid = imageGrid(24, 24); // 331,776 pairs, 2.5 MiB of edges for a head: 64 MiB hold 25 heads
const options = { pattern: full(), queryGrid: grid };

test.each([
  ["several waves of one head after the other", 2, 16, false],
  ["waves of all heads of a sample", 2, 16, true],
  ["more heads of a sample than a wave holds", 1, 28, true],
])("gradients in %s are those of each head alone", (_, batch, heads, sequence) =>
  expectNoLeak(async () => {
    const draw = (seed: number) => randomNormal([batch, 576, heads * 2], new Rng(seed)) as tf.Tensor3D;
    const inputs = [draw(1), draw(2), draw(3)];
    const seed = draw(4);
    const split = (x: tf.Tensor) => tf.tidy(() => splitHeads(x, heads));
    const whole = (...[q, k, v]: tf.Tensor[]) =>
      sequence
        ? split(attendSequence(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, { ...options, heads }))
        : attend(split(q), split(k), split(v), options);
    const alone = (...all: tf.Tensor[]) => {
      const [qs, ks, vs] = all.map((x) => tf.split(split(x), heads, 1));
      return tf.concat(
        qs.map((q, head) =>
          attend(q as tf.Tensor4D, ks[head] as tf.Tensor4D, vs[head] as tf.Tensor4D, options),
        ),
        1,
      );
    };
    const dy = split(seed);
    const actual = tf.grads(whole)(inputs, dy);
    const expected = tf.grads(alone)(inputs, dy);
    for (const [index, gradient] of actual.entries()) await expectClose(gradient, expected[index], {});
    tf.dispose([inputs, seed, dy, actual, expected]);
  }),
);

test.each([0, 3, 13])(
  "NaN in the key of token %i is NaN in the rows that attend it, and only there",
  (token) =>
    expectNoLeak(async () => {
      const queryGrid = imageGrid(4, 5);
      const pattern = nearby({ extent: { height: 3, width: 3, frames: 1 } });
      const draw = (seed: number) => randomNormal([1, 1, 20, 4], new Rng(seed)) as tf.Tensor4D;
      const [query, key, value] = [draw(1), draw(2), draw(3)];
      const spoilt = (await key.data()).slice();
      spoilt[token * 4 + 1] = Number.NaN;
      const broken = tf.tensor4d(spoilt, [1, 1, 20, 4]);
      const y = attend(query, broken, value, { pattern, queryGrid });
      const rows = Array.from({ length: 20 }, (_, row) => y.arraySync()[0][0][row].some(Number.isNaN));
      const { offsets, keys } = neighbourTable(pattern, { queryGrid, keyGrid: queryGrid });
      expect(rows).toEqual(rows.map((_, row) => keys.slice(offsets[row], offsets[row + 1]).includes(token)));
      tf.dispose([query, key, value, broken, y]);
    }),
);

test("threads come and go, and give the same numbers", () =>
  expectNoLeak(async () => {
    const pattern = nearby({ extent: { height: 5, width: 5, frames: 1 } });
    const q = randomNormal([1, 2, 576, 16], new Rng(1)) as tf.Tensor4D;
    const results = [];
    for (const threads of [1, 2, 4, 2, 1]) {
      await prepareKernels({ threads });
      expect(kernelThreads()).toBe(threads);
      const y = attend(q, q, q, { pattern, queryGrid: grid });
      results.push(await y.data());
      y.dispose();
    }
    for (const values of results) expect(values).toEqual(results[0]);
    q.dispose();
  }));

// A wait of the main thread that ended early showed here in one of some hundred calls.
test("gradients are the same while other work takes the cores", { timeout: 60_000 }, () =>
  expectNoLeak(async () => {
    await prepareKernels({ threads: 3 });
    const busy = Array.from({ length: 2 }, () => new Worker("for (;;) {}", { eval: true }));
    const pattern = nearby({ extent: { height: 3, width: 3, frames: 1 } });
    const given = { pattern, queryGrid: imageGrid(36, 36), heads: 8 };
    const inputs = [1, 2, 3].map((seed) => randomNormal([1, 1296, 256], new Rng(seed)));
    const attended = tf.grads((...[q, k, v]: tf.Tensor[]) =>
      attendSequence(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, given),
    );
    const gradients = async () => {
      const all = attended(inputs);
      const values = await Promise.all(all.map((gradient) => gradient.data()));
      tf.dispose(all);
      return Buffer.concat(values.map(({ buffer }) => new Uint8Array(buffer)));
    };
    const first = await gradients();
    let equal = 0;
    for (let call = 0; call < 600; call++) equal += Number(first.equals(await gradients()));
    expect(equal).toBe(600);
    await Promise.all(busy.map((worker) => worker.terminate()));
    tf.dispose(inputs);
  }),
);

test("the forward pass keeps the weights of few keys, of many the largest score and one over the sum", () =>
  expectNoLeak(() => {
    const keptBy = (pattern: AttentionPattern, headDim: number) => {
      const zeros = tf.zeros([1, 1, 4, headDim]);
      const table = neighbourTable(pattern, { queryGrid: imageGrid(1, 4) });
      const inputs = { query: zeros, key: zeros, value: zeros };
      const [y, saved] = cpuKernels.forward(tf.backend(), inputs, { table, heads: 1, scale: 1 });
      const values = [...(tf.backend().readSync(saved.dataId) as Float32Array)];
      for (const { dataId } of [y, saved]) tf.backend().disposeData(dataId);
      zeros.dispose();
      return values;
    };
    const pattern = nearby({ extent: { height: 1, width: 3, frames: 1 } }); // 2, 3, 3 and 2 keys
    const third = Math.fround(1 / 3);
    expect(keptBy(pattern, 3)).toEqual([0.5, 0.5, third, third, third, third, third, third, 0.5, 0.5]);
    expect(keptBy(pattern, 2)).toEqual([0, 0.5, 0, third, 0, third, 0, 0.5]);
  }));

test("a call whose inputs cannot be read leaves the threads ready for the next", () =>
  expectNoLeak(async () => {
    await prepareKernels({ threads: 3 });
    const pattern = nearby({ extent: { height: 3, width: 3, frames: 1 } });
    const q = randomNormal([1, 4, 576, 16], new Rng(1)) as tf.Tensor4D;
    const before = attend(q, q, q, { pattern, queryGrid: grid });
    let reads = 0;
    const copyInto = () => {
      if (++reads === 8) throw new Error("gone");
    };
    const attributes = { table: neighbourTable(pattern, { queryGrid: grid }), heads: 4, scale: 0.25 };
    const failing = { copyInto } as unknown as tf.KernelBackend;
    expect(() => cpuKernels.forward(failing, { query: q, key: q, value: q }, attributes)).toThrow("gone");
    const after = attend(q, q, q, { pattern, queryGrid: grid });
    expect(await after.data()).toEqual(await before.data());
    tf.dispose([q, before, after]);
  }));

test.each([0, 1.5, -2, Number.NaN])("%d threads are refused", async (threads) => {
  await expect(prepareKernels({ threads })).rejects.toThrow(
    `prepareKernels: threads: wanted a whole number from 1 on, got ${threads}`,
  );
});

test("what WebAssembly cannot hold is refused, and says how much it is", () => {
  const space = new Workspace(new WebAssembly.Memory({ initial: 1, maximum: 65536 }));
  space.reserve(2 ** 30);
  space.reserve(2 ** 29);
  expect(() => space.commit()).toThrow(NuwaError);
  expect(() => space.commit()).toThrow("wanted 6.00 GiB for its tensors, got more than WebAssembly's 4 GiB");
});
