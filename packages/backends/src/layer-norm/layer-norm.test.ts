import "@tensorflow/tfjs-backend-cpu";
import { ensureGradients, FUSED_KERNELS, LayerNorm, Rng, runFused } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, describe, expect, type TestContext, test, vi } from "vitest";
import { loadNodeBackend, probeNode, registerNode } from "../node/index.ts";
import { probeWasm, registerWasm } from "../wasm/index.ts";
import { closeWebgpu, probeWebgpu, registerWebgpu } from "../webgpu/index.ts";

async function useNode(context: TestContext): Promise<void> {
  const probe = await probeNode();
  if (!probe.available && !isRequired("node")) context.skip(probe.reason);
  await registerNode({ fetch: false });
}

async function useWasm(context: TestContext): Promise<void> {
  const probe = await probeWasm();
  if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
  await registerWasm();
}

async function useWebgpu(context: TestContext): Promise<void> {
  const probe = await probeWebgpu({ allowSoftware: true });
  if (!probe.available && !isRequired("webgpu")) context.skip(probe.reason);
  await registerWebgpu({ allowSoftware: true });
  tf.env().set("WEBGPU_CPU_FORWARD", false);
}

interface Problem {
  readonly shape: [rows: number, channels: number];
  readonly values: Record<"x" | "dy" | "gain" | "offset", Float32Array>;
}

function drawProblem(shape: Problem["shape"], mean: number): Problem {
  const [rows, channels] = shape;
  const normal = (name: string, size: number, around: number) =>
    Float32Array.from(new Rng(5).fork(name).normal(size), (value) => value + around);
  const values = {
    x: normal("x", rows * channels, mean),
    dy: normal("dy", rows * channels, 0.5),
    gain: normal("gain", channels, 1),
    offset: normal("offset", channels, 0),
  };
  return { shape, values };
}

/** The result and all gradients in float64. */
function oracle({ shape: [rows, channels], values: { x, dy, gain, offset } }: Problem, epsilon: number) {
  const results = {
    y: new Float64Array(x.length),
    dx: new Float64Array(x.length),
    gain: new Float64Array(channels),
    offset: new Float64Array(channels),
  };
  const meanOf = (f: (c: number) => number) => {
    let sum = 0;
    for (let c = 0; c < channels; c++) sum += f(c);
    return sum / channels;
  };
  for (let row = 0; row < rows; row++) {
    const at = row * channels;
    const mean = meanOf((c) => x[at + c]);
    const deviation = Math.sqrt(meanOf((c) => (x[at + c] - mean) ** 2) + epsilon);
    const normal = (c: number) => (x[at + c] - mean) / deviation;
    const meanG = meanOf((c) => dy[at + c] * gain[c]);
    const meanGNormal = meanOf((c) => dy[at + c] * gain[c] * normal(c));
    for (let c = 0; c < channels; c++) {
      results.y[at + c] = normal(c) * gain[c] + offset[c];
      results.dx[at + c] = (dy[at + c] * gain[c] - meanG - normal(c) * meanGNormal) / deviation;
      results.gain[c] += dy[at + c] * normal(c);
      results.offset[c] += dy[at + c];
    }
  }
  return results;
}

/** Compares with numbers of about the same size, relative to the largest. */
async function expectNear(actual: tf.Tensor, data: Float64Array): Promise<void> {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  await expectClose(actual, { shape: actual.shape, data }, { atol: 1e-5 * largest });
}

afterAll(closeWebgpu);

describe.each([
  ["node", useNode],
  ["wasm", useWasm],
  ["webgpu", useWebgpu],
] as const)("on %s", (_backend, use) => {
  beforeAll(() => ensureGradients());

  test("by hand: mean 2 and deviation 1, gain 2 and offset 1", async (context) => {
    await use(context);
    await expectNoLeak(async () => {
      const layer = new LayerNorm({ dim: 4, epsilon: 0 });
      const [gain, offset] = [tf.fill([4], 2), tf.ones([4])];
      layer.params.gain.assign(gain);
      layer.params.offset.assign(offset);
      const x = tf.tensor2d([1, 3, 3, 1], [1, 4]);
      const y = layer.apply(x);
      await expectClose(y, { shape: [1, 4], data: [-1, 3, 3, -1] }, { atol: 1e-6 });
      tf.dispose([gain, offset, x, y]);
      layer.dispose();
    });
  });

  test.for<[what: string, shape: Problem["shape"], mean: number]>([
    ["a step of decoding", [52, 512], 0],
    ["channels that leave some over", [7, 13], 1],
    ["fewer channels than a vector has", [5, 3], -1],
    ["more rows than are in memory at once", [700, 96], 1],
    ["more channels than a part has numbers", [2, 66_000], 2],
    ["more numbers than the kernel takes on the node backend", [300, 512], 1],
    ["more rows than an axis of a dispatch has workgroups", [65_600, 4], 1],
    ["a mean of 1000 deviations", [9, 64], 1000],
  ])("%s: values and gradients are those of float64", async ([, shape, mean], context) => {
    await use(context);
    await expectNoLeak(async () => {
      const problem = drawProblem(shape, mean);
      const { values } = problem;
      const channels = shape[1];
      const inputs = [
        tf.tensor(values.x, shape),
        tf.tensor(values.gain, [channels]),
        tf.tensor(values.offset, [channels]),
      ];
      const dy = tf.tensor(values.dy, shape);
      const apply = (x: tf.Tensor, gain: tf.Tensor, offset: tf.Tensor) =>
        LayerNorm.prototype.apply.call({ config: { dim: channels }, params: { gain, offset } } as never, x);
      const y = apply(inputs[0], inputs[1], inputs[2]);
      const gradients = tf.grads(apply)(inputs, dy);
      const expected = oracle(problem, 1e-5);
      await expectNear(y, expected.y);
      // Gradients are composed of operations, which lose digits where the mean is that large.
      if (mean < 1000) {
        await expectNear(gradients[0], expected.dx);
        await expectNear(gradients[1], expected.gain);
        await expectNear(gradients[2], expected.offset);
      }
      tf.dispose([inputs, dy, y, gradients]);
    });
  });
});

test("on node small norms are the kernel's, large ones oneDNN's", async (context) => {
  await useNode(context);
  const backend = await loadNodeBackend();
  const executed = vi.spyOn(backend, "executeSingleOutput");
  const norm = (rows: number) =>
    tf.tidy(() => {
      const row = tf.ones([512]);
      runFused("layerNorm", { x: tf.ones([rows, 512]), gain: row, offset: row }, { epsilon: 1e-5 });
    });
  try {
    if (tf.getKernel(FUSED_KERNELS.layerNorm, "tensorflow") === undefined) context.skip("no oneDNN here");
    norm(256);
    const named = () =>
      executed.mock.calls.map(([name]) => name).filter((name) => name.includes("LayerNorm"));
    expect(named()).toEqual([]);
    norm(257);
    expect(named()).toEqual(["_MklLayerNorm"]);
  } finally {
    executed.mockRestore();
  }
});
