import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { AttentionBlock } from "./attention-block.ts";
import { Level } from "./level.ts";
import { TamingResBlock } from "./res-block.ts";

beforeAll(useCpu);

const channels = 32; // one a group: a norm makes [1, 3] of each channel [-1, 1]

/** `[1, 1, values, 32]`, the same in every channel. */
function row(...values: number[]): tf.Tensor4D {
  return tf.tidy(() => tf.tile(tf.tensor4d(values, [1, 1, values.length, 1]), [1, 1, 1, channels]));
}

test("attention by hand: without queries every position gets the mean, with them its own kind", () =>
  expectNoLeak(async () => {
    const block = new AttentionBlock({ channels }, new Rng(1));
    const zeros = tf.zeros([channels, channels]);
    const identity = tf.eye(channels);
    const sharp = tf.mul(identity, 10);
    block.query.params.weight.assign(zeros);
    block.key.params.weight.assign(identity);
    block.value.params.weight.assign(identity);
    block.project.params.weight.assign(identity);
    const x = row(1, 3, 3, 1);
    const expectedMean = row(1, 3, 3, 1); // the mean of -1, 1, 1, -1 is 0
    const mean = block.apply(x);
    await expectClose(mean, expectedMean, { atol: 1e-5 });
    block.query.params.weight.assign(sharp);
    const own = block.apply(x); // scores ± 10 · 32 / √32 leave nothing to the other kind
    const expectedOwn = row(0, 4, 4, 0);
    await expectClose(own, expectedOwn, { atol: 1e-5 });
    tf.dispose([zeros, identity, sharp, x, expectedMean, mean, own, expectedOwn]);
    block.dispose();
  }));

test("a residual block by hand: what the last convolution adds, and the shortcut where widths differ", () =>
  expectNoLeak(async () => {
    const block = new TamingResBlock({ inChannels: channels, outChannels: 2 * channels }, new Rng(1));
    const kernel = tf.zeros([3, 3, 2 * channels, 2 * channels]);
    const bias = tf.fill([2 * channels], 0.5);
    const doubled = tf.tidy(() => tf.concat([tf.eye(channels), tf.mul(tf.eye(channels), 2)], 1));
    block.conv2.params.weight.assign(kernel);
    block.conv2.params.bias.assign(bias);
    block.shortcut!.params.weight.assign(doubled);
    const x = row(1, 3);
    const y = block.apply(x);
    const expected = tf.tidy(() => tf.add(tf.concat([x, tf.mul(x, 2)], 3), 0.5));
    await expectClose(y, expected, { atol: 1e-6 });
    tf.dispose([kernel, bias, doubled, x, y, expected]);
    block.dispose();
  }));

test("a level attends after each of its blocks, or never", () =>
  expectNoLeak(() => {
    const shape = { inChannels: 32, outChannels: 64, blocks: 2 };
    const [plain, attending] = [false, true].map((attends) => new Level({ ...shape, attends }, new Rng(1)));
    expect(plain.attention).toHaveLength(0);
    expect(attending.attention).toHaveLength(2);
    expect(attending.blocks.map((block) => block.shortcut !== undefined)).toEqual([true, false]);
    plain.dispose();
    attending.dispose();
  }));
