import { checkErrors, closeWebgpu, probeWebgpu, registerWebgpu } from "@nuwa/backends/webgpu";
import { textGrid } from "@nuwa/tensor3d";
import { expectNoLeak, isRequired } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { cases, expectAgreement, nameOf, patterns, runCase } from "../../equivalence/fused-cases.ts";
import { full } from "../../full.ts";
import { webgpuKernels } from "./index.ts";

const probe = await probeWebgpu({ allowSoftware: true });
const skipped = !probe.available && !isRequired("webgpu");

beforeAll(async () => {
  if (skipped) return;
  await registerWebgpu({ allowSoftware: true });
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
beforeEach((context) => {
  if (skipped) context.skip(probe.reason);
});
afterAll(closeWebgpu);

test.each(cases.map((each, seed) => ({ name: nameOf(each), each, seed })))(
  "agree with the oracle in double precision: $name",
  async ({ each, seed }) => {
    expectAgreement(await runCase(webgpuKernels, each, seed), 1e-5);
    checkErrors();
  },
);

test("rows of thousands of pairs, by query and by key", async () => {
  for (const [queries, keys] of [
    [9, 3001],
    [3001, 9],
  ]) {
    const shape = { queryGrid: textGrid(queries), keyGrid: textGrid(keys) };
    const each = { pattern: full(), shape, headDim: 20, columns: 3 };
    expectAgreement(await runCase(webgpuKernels, each, 50), 1e-5);
  }
  checkErrors();
});

test.each([1e2, 1e4])("scores of about %f stay finite, and right up to their rounding", async (scale) => {
  const [pattern, shape] = patterns[0];
  const each = { pattern, shape, headDim: 16, heads: 2, columns: 3, scale: scale / 4 };
  expectAgreement(await runCase(webgpuKernels, each, 60), scale * 1e-6);
  checkErrors();
});

test("leave no tensors, and keep the table on the device", () =>
  expectNoLeak(async () => {
    const [pattern, shape] = patterns[1];
    const device = (tf.backend() as unknown as { device: GPUDevice }).device;
    const createBuffer = device.createBuffer.bind(device);
    let tables = 0;
    device.createBuffer = (descriptor) => {
      if (descriptor.usage === (GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC)) tables++;
      return createBuffer(descriptor);
    };
    const dataBefore = tf.memory().numDataBuffers;
    for (let round = 0; round < 3; round++) {
      await runCase(webgpuKernels, { pattern, shape, headDim: 20, batch: 2 }, 70);
    }
    device.createBuffer = createBuffer;
    expect(tables).toBe(2);
    expect(tf.memory().numDataBuffers).toBe(dataBefore);
  }));
