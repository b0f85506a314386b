import { loadParams, namedParams, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { Network } from "./network.ts";

beforeAll(useCpu);

const silu = (x: number) => x / (1 + Math.exp(-x));

/** A network whose weights are 0 and biases `bias`, but for those that `set` changes. */
function plainNetwork(bias: number, set: (name: string, weight: tf.TensorBuffer<tf.Rank>) => void): Network {
  const network = new Network(new Rng(0));
  const tensors = Object.entries(namedParams(network)).map(([name, { shape }]) => {
    const values = tf.buffer(shape);
    if (name.endsWith("bias")) values.values.fill(bias);
    else set(name, values);
    return [name, { shape, data: values.values as Float32Array }];
  });
  loadParams(network, Object.fromEntries(tensors));
  return network;
}

test("by hand: the first window's centre is its own pixel, each further window counts every position alike", () =>
  expectNoLeak(async () => {
    const network = plainNetwork(0, (name, weight) => {
      if (name === "levels.0.weight")
        weight.set(1, 1, 1, 0, 0); // [row, column, in, out]: red
      else for (let at = 0; at < 16; at++) weight.set(1 / 16, at >> 2, at & 3, 0, 0);
      if (name.startsWith("residuals")) weight.values.fill(0);
    });
    const pixels = tf.tidy(() => tf.ones<tf.Rank.R4>([1, 64, 64, 3]));
    const levels = network.features(pixels);
    // Away from the border all positions are equal: silu(1), silu(silu(1)), ...
    let expected = 1;
    for (const level of levels) {
      expected = silu(expected);
      const [, height, width] = level.shape;
      const middle = tf.slice(level, [0, height / 2, width / 2, 0], [1, 1, 1, 2]);
      await expectClose(middle, { shape: [1, 1, 1, 2], data: [expected, 0] }, { atol: 1e-6 });
      middle.dispose();
    }
    tf.dispose([pixels, levels]);
    network.dispose();
  }));

test("by hand: an embedding is the mean of the halved level and the residual on it", () =>
  expectNoLeak(async () => {
    const network = plainNetwork(0.5, () => {});
    const pixels = tf.zeros<tf.Rank.R4>([2, 32, 40, 3]);
    const embedding = network.embed(pixels);
    const data = new Float32Array(2 * 128).fill(2 * silu(0.5));
    await expectClose(embedding, { shape: [2, 128], data }, { atol: 1e-6 });
    tf.dispose([pixels, embedding]);
    network.dispose();
  }));

test("what training puts between stands before each activation", () =>
  expectNoLeak(() => {
    const network = plainNetwork(0, () => {});
    const pixels = tf.zeros<tf.Rank.R4>([1, 32, 32, 3]);
    const met: unknown[] = [];
    const embedding = network.embed(pixels, (x, conv) => {
      met.push(conv);
      return x;
    });
    expect(met).toEqual([...network.levels, network.residuals[0], network.halving, network.residuals[1]]);
    tf.dispose([pixels, embedding]);
    network.dispose();
  }));
