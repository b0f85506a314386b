import { probeNode, registerNode } from "@nuwa/backends/node";
import { ensureGradients, Rng, randomNormal, videoGrid } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeEach, expect, test } from "vitest";
import { attend } from "../../attend.ts";
import { nearby } from "../../nearby.ts";
import { kernelMemory, prepareKernels } from "./prepare.ts";

beforeEach(async (context) => {
  const probe = await probeNode();
  if (!probe.available && !isRequired("node")) context.skip(probe.reason);
  await registerNode({ fetch: false });
  ensureGradients();
  await prepareKernels({ threads: 2 });
});
afterAll(() => prepareKernels({ threads: 1 }));

const queryGrid = videoGrid(16, 16, 4);
const shape = [1, 2, 1024, 16]; // fewer numbers would be copied
const options = { pattern: nearby({ radius: { height: 1, width: 1, frames: 1 } }), queryGrid, causal: true };
const draw = (...seeds: number[]) => seeds.map((seed) => randomNormal(shape, new Rng(seed)));
const apply = (...[query, key, value]: tf.Tensor[]) =>
  attend(query as tf.Tensor4D, key as tf.Tensor4D, value as tf.Tensor4D, options);

test("results and gradients that lie in the kernel's memory are those of one thread, which copies", () =>
  expectNoLeak(async () => {
    const inputs = draw(1, 2, 3);
    const [dy] = draw(4);
    const run = () => [apply(...inputs), ...tf.grads(apply)(inputs, dy)];
    const before = kernelMemory().kept;
    const actual = run();
    expect(kernelMemory().kept - before).toBe(4 * dy.size * 4);
    await prepareKernels({ threads: 1 }); // these results lie in memory that no kernel has any more
    const expected = run();
    expect(kernelMemory().kept).toBe(0);
    for (const [index, tensor] of actual.entries()) {
      await expectClose(tensor, expected[index], { atol: 1e-6 });
    }
    tf.dispose([inputs, dy, actual, expected]);
  }));

test("no later call writes over a result while another tensor of TensorFlow's has its values", () =>
  expectNoLeak(async () => {
    const inputs = draw(1, 2, 3);
    const others = draw(5, 6, 7);
    const before = kernelMemory().kept;
    const y = apply(...inputs);
    const expected = (await y.data()).slice(16384);
    const head = tf.tidy(() => tf.slice(tf.reshape(y, [2, 16384]), [1, 0])); // TensorFlow copies no whole rows
    y.dispose();
    for (let call = 0; call < 4; call++) apply(...others).dispose();
    expect(await head.data()).toEqual(expected);
    expect(kernelMemory().kept - before).toBe(y.size * 4);
    head.dispose();
    expect(kernelMemory().kept).toBe(before);
    tf.dispose([inputs, others]);
  }));
