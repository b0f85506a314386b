import { probeWebgpu } from "@nuwa/backends/webgpu";
import { isNuwaError, textGrid, videoGrid } from "@nuwa/tensor3d";
import { isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Case, expectAgreement, nameOf, patterns, runCase } from "../../equivalence/fused-cases.ts";
import { full } from "../../full.ts";
import { nearby } from "../../nearby.ts";
import { neighbourTable } from "../../neighbour-table.ts";
import { webgpuKernels } from "./index.ts";
import { dispatchOf } from "./run-program.ts";

const probe = await probeWebgpu({ allowSoftware: true });
const skipped = !probe.available && !isRequired("webgpu");
let device: GPUDevice | undefined;
const errors: string[] = [];

/** A device as the WebGPU standard guarantees it: default limits, no optional features. */
beforeAll(async () => {
  if (skipped) return;
  const adapter = (await navigator.gpu.requestAdapter())!;
  device = await adapter.requestDevice();
  device.addEventListener("uncapturederror", (event) => errors.push(event.error.message));
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  const backend = new WebGPUBackend(device, adapter.info);
  tf.registerBackend("default-device", () => backend);
  await tf.setBackend("default-device");
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
beforeEach((context) => {
  if (skipped) context.skip(probe.reason);
  errors.length = 0;
});
afterAll(() => {
  if (device === undefined) return;
  tf.removeBackend("default-device");
  device.destroy();
});

const [causal, shift, , across] = patterns;
const fewCases: Case[] = [
  { pattern: causal[0], shape: causal[1], headDim: 128, heads: 2, columns: 5 },
  { pattern: across[0], shape: across[1], headDim: 33, batch: 2, flat: true },
  { pattern: shift[0], shape: shift[1], headDim: 20, heads: 3, flat: true, columns: 4 },
];

test.each(fewCases.map((each, seed) => ({ name: nameOf(each), each, seed })))(
  "rows of one thread: $name",
  async ({ each, seed }) => {
    expectAgreement(await runCase(webgpuKernels, each, seed), 1e-5);
    expect(errors).toEqual([]);
  },
);

test.each(fewCases.map((each, seed) => ({ name: nameOf(each), each, seed })))(
  "rows of several threads, as on a GPU: $name",
  async ({ each, seed }) => {
    await asOnGpu(async () => expectAgreement(await runCase(webgpuKernels, each, seed), 1e-5));
    expect(errors).toEqual([]);
  },
);

test("rows of thousands of pairs by several threads", async () => {
  const shape = { queryGrid: textGrid(67), keyGrid: textGrid(1003) };
  const each = { pattern: full(), shape, headDim: 20, flat: true, columns: 4 };
  await asOnGpu(async () => expectAgreement(await runCase(webgpuKernels, each, 9), 1e-5));
  expect(errors).toEqual([]);
});

test("more than 65535 workgroups", async () => {
  const shape = { queryGrid: textGrid(64) };
  const table = neighbourTable(nearby({ extent: { height: 1, width: 1, frames: 1 } }), shape);
  const size = [65_601, 1, 64, 1]; // 64 rows a workgroup
  const numbers = new Float32Array(65_601 * 64).map((_, index) => index % 8191);
  const [query, key, value, dy] = [1, 2, 3, 4].map((step) =>
    tf.tensor(
      numbers.map((n) => n * step),
      size,
    ),
  );
  const backend = tf.backend() as tf.KernelBackend;
  const attributes = { table, heads: 1, scale: 1 };
  const results = [
    ...webgpuKernels.forward(backend, { query, key, value }, attributes),
    ...webgpuKernels.gradient(backend, { query, key, value, dy }, attributes),
  ].map((info) => tf.engine().makeTensorFromTensorInfo(info));
  const [y, dQuery, dKey, dValue] = await Promise.all(results.map((result) => result.data()));
  const wrong = numbers.findIndex((number, index) => {
    const zero = dQuery[index] === 0 && dKey[index] === 0; // each query attends one key
    return y[index] !== 3 * number || dValue[index] !== 4 * number || !zero;
  });
  expect(wrong).toBe(-1);
  tf.dispose([results, query, key, value, dy]);
  expect(errors).toEqual([]);
});

test("a dispatch covers any number of workgroups within 65535 an axis", () => {
  for (const count of [1, 65535, 65536, 65537, 1_000_003, 2 ** 31]) {
    const [x, y, z] = dispatchOf(count);
    expect(x * y * z).toBeGreaterThanOrEqual(count);
    expect(Math.max(x, y)).toBeLessThanOrEqual(65535);
  }
});

test("a tensor beyond what the device binds at once is an error, and nothing leaks", () => {
  const shape = { queryGrid: videoGrid(2, 2, 2) };
  const table = neighbourTable(full(), shape);
  const before = tf.memory().numTensors;
  const large = { dataId: {}, dtype: "float32" as const, shape: [2 ** 20, 1, 8, 8] }; // 256 MiB
  const run = () =>
    webgpuKernels.forward(
      tf.backend() as tf.KernelBackend,
      { query: large, key: large, value: large },
      { table, heads: 1, scale: 1 },
    );
  expect(run).toThrow(/"query" takes 268435456 bytes, but this device binds at most 134217728/);
  try {
    run();
  } catch (error) {
    expect(isNuwaError(error)).toBe(true);
  }
  expect(tf.memory().numTensors).toBe(before);
});

async function asOnGpu(body: () => Promise<void>): Promise<void> {
  const backend = tf.backend() as unknown as { adapterInfo: object };
  const { adapterInfo } = backend;
  backend.adapterInfo = { architecture: "a GPU's" };
  try {
    await body();
  } finally {
    backend.adapterInfo = adapterInfo;
  }
}
