import "@tensorflow/tfjs-backend-cpu";
import { ensureGradients, FUSED_KERNELS, GroupNorm, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, type TestContext, test } from "vitest";
import { probeNode, registerNode } from "../node/index.ts";
import { probeWasm, registerWasm } from "../wasm/index.ts";

const backends = {
  async node(context: TestContext) {
    const probe = await probeNode();
    if (!probe.available && !isRequired("node")) context.skip(probe.reason);
    await registerNode({ fetch: false });
  },
  async wasm(context: TestContext) {
    const probe = await probeWasm();
    if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
    await registerWasm();
  },
};

type Shape = [batch: number, positions: number, channels: number];

interface Problem {
  readonly shape: Shape;
  readonly groups: number;
  readonly values: Record<"x" | "dy" | "gain" | "offset", Float32Array>;
}

function drawProblem(shape: Shape, groups: number, mean: number): Problem {
  const rng = new Rng(5);
  const [batch, positions, channels] = shape;
  const normal = (size: number, around: number) =>
    Float32Array.from(rng.normal(size), (value) => value + around);
  const size = batch * positions * channels;
  const values = {
    x: normal(size, mean),
    dy: normal(size, 0.5),
    gain: normal(channels, 1),
    offset: normal(channels, 0),
  };
  return { shape, groups, values };
}

/** The result and all gradients in float64, one group after the other. */
function oracle({ shape: [batch, positions, channels], groups, values }: Problem, epsilon: number) {
  const { x, dy, gain, offset } = values;
  const width = channels / groups;
  const results = {
    y: new Float64Array(x.length),
    dx: new Float64Array(x.length),
    gain: new Float64Array(channels),
    offset: new Float64Array(channels),
  };
  for (let picture = 0; picture < batch; picture++) {
    for (let group = 0; group < groups; group++) {
      const places: [index: number, channel: number][] = [];
      for (let position = 0; position < positions; position++) {
        for (let c = group * width; c < (group + 1) * width; c++) {
          places.push([(picture * positions + position) * channels + c, c]);
        }
      }
      const meanOf = (f: (index: number, channel: number) => number) =>
        places.reduce((sum, [index, channel]) => sum + f(index, channel), 0) / places.length;
      const mean = meanOf((index) => x[index]);
      const deviation = Math.sqrt(meanOf((index) => (x[index] - mean) ** 2) + epsilon);
      const normal = (index: number) => (x[index] - mean) / deviation;
      const meanG = meanOf((index, c) => dy[index] * gain[c]);
      const meanGNormal = meanOf((index, c) => dy[index] * gain[c] * normal(index));
      for (const [index, c] of places) {
        results.y[index] = normal(index) * gain[c] + offset[c];
        results.dx[index] = (dy[index] * gain[c] - meanG - normal(index) * meanGNormal) / deviation;
        results.gain[c] += dy[index] * normal(index);
        results.offset[c] += dy[index];
      }
    }
  }
  return results;
}

/** Compares with numbers of about the same size, relative to the largest. */
async function expectNear(actual: tf.Tensor, data: Float64Array, tolerance: number): Promise<void> {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  await expectClose(actual, { shape: actual.shape, data }, { atol: tolerance * largest });
}

describe.each(Object.entries(backends))("on %s", (_backend, use) => {
  beforeAll(() => ensureGradients());

  test("the kernel is used, and by hand: two groups of two channels", async (context) => {
    await use(context);
    expect(tf.getKernel(FUSED_KERNELS.groupNorm, tf.getBackend())).toBeDefined();
    await expectNoLeak(async () => {
      const layer = new GroupNorm({ groups: 2, channels: 4, epsilon: 0 });
      // The first group has mean 2 and deviation 1, the second 10 and 2.
      const x = tf.tensor4d([1, 3, 12, 8, 3, 1, 8, 12], [1, 2, 1, 4]);
      const y = layer.apply(x);
      await expectClose(y, { shape: [1, 2, 1, 4], data: [-1, 1, 1, -1, 1, -1, -1, 1] }, { atol: 1e-6 });
      tf.dispose([x, y]);
      layer.dispose();
    });
  });

  test.for<[what: string, shape: Shape, groups: number, mean: number]>([
    ["groups of two channels", [3, 35, 64], 32, 0],
    ["a group for each channel", [2, 300, 16], 16, 3],
    ["one group", [2, 17, 12], 1, -1],
    ["three groups of two channels, which fill no vector", [3, 7, 6], 3, 1],
    ["channels that leave one over", [2, 6, 5], 5, 1],
    ["one position", [4, 1, 8], 2, 1],
    ["more pictures than are in memory at once", [7, 400, 64], 32, 1],
    ["a picture in parts", [2, 1700, 64], 16, 1],
    ["more channels than a part has numbers", [1, 2, 66_000], 2, 1],
    ["a mean of 1000 deviations", [2, 1500, 64], 32, 1000],
  ])("%s: values and gradients are those of float64", async ([, shape, groups, mean], context) => {
    await use(context);
    await expectNoLeak(async () => {
      const problem = drawProblem(shape, groups, mean);
      const { values } = problem;
      const channels = shape[2];
      const config = { groups, channels };
      const inputs = [
        tf.tensor(values.x, shape),
        tf.tensor(values.gain, [channels]),
        tf.tensor(values.offset, [channels]),
      ];
      const dy = tf.tensor(values.dy, shape);
      const apply = (x: tf.Tensor, gain: tf.Tensor, offset: tf.Tensor) =>
        GroupNorm.prototype.apply.call({ config, params: { gain, offset } } as never, x);
      const y = apply(inputs[0], inputs[1], inputs[2]);
      const gradients = tf.grads(apply)(inputs, dy);
      const expected = oracle(problem, 1e-5);
      await expectNear(y, expected.y, 1e-5);
      await expectNear(gradients[0], expected.dx, 1e-5);
      await expectNear(gradients[1], expected.gain, 1e-5);
      await expectNear(gradients[2], expected.offset, 1e-5);
      tf.dispose([inputs, dy, y, gradients]);
    });
  });
});
