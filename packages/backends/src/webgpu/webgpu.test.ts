import { NuwaError } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { useBackend } from "../index.ts";
import { checkErrors, closeWebgpu, probeWebgpu, registerWebgpu } from "./index.ts";

const probe = await probeWebgpu({ allowSoftware: true });

beforeAll(async () => {
  if (!probe.available) return;
  await registerWebgpu({ allowSoftware: true });
  tf.env().set("WEBGPU_CPU_FORWARD", false);
});
afterAll(closeWebgpu);

test("a software adapter is refused unless it is allowed", async (context) => {
  if (!probe.software) context.skip(probe.reason ?? "this machine has a GPU");
  const strict = await probeWebgpu();
  expect(strict.available).toBe(false);
  expect(strict.fix).toContain('useBackend("webgpu", { allowSoftware: true })');
  expect(await useBackend("webgpu", { allowSoftware: true })).toMatchObject({ device: "CPU (software)" });
});

test("pad above rank 4 agrees with hand-worked numbers", async (context) => {
  if (!probe.available) context.skip(probe.reason);
  await expectNoLeak(async () => {
    const x = tf.tensor([1, 2, 3, 4], [1, 2, 1, 2, 1]);
    const y = tf.pad(
      x,
      [
        [0, 0],
        [1, 0],
        [0, 0],
        [0, 1],
        [0, 0],
      ],
      7,
    );
    await expectClose(y, { shape: [1, 3, 1, 3, 1], data: [7, 7, 7, 1, 2, 7, 3, 4, 7] }, {});
    tf.dispose([x, y]);
  });
});

test("reversed sums of several lengths along an axis, by hand", async (context) => {
  if (!probe.available) context.skip(probe.reason);
  for (const [values, expected] of [
    [
      [1, 2],
      [3, 2],
    ],
    [
      [1, 2, 3, 4],
      [10, 9, 7, 4],
    ],
  ]) {
    const sums = tf.tidy(() => tf.cumsum(tf.tensor1d(values), -1, false, true));
    await expectClose(sums, { shape: [values.length], data: expected }, {});
    sums.dispose();
  }
});

test("multinomial follows the probabilities and its seed", async (context) => {
  if (!probe.available) context.skip(probe.reason);
  const draw = async () => {
    const codes = tf.tidy(() =>
      tf.multinomial(tf.log(tf.tensor2d([[0.1, 0.6, 0.3]])) as tf.Tensor2D, 2000, 5),
    );
    const values = await codes.data();
    codes.dispose();
    return values;
  };
  const first = await draw();
  expect(await draw()).toEqual(first);
  const share = (code: number) => first.filter((value) => value === code).length / first.length;
  expect(share(0)).toBeCloseTo(0.1, 1);
  expect(share(1)).toBeCloseTo(0.6, 1);
});

test("an invalid shader becomes an error of the next read, once", async (context) => {
  if (!probe.available) context.skip(probe.reason);
  const backend = tf.backend() as import("@tensorflow/tfjs-backend-webgpu").WebGPUBackend;
  backend.device.createShaderModule({ code: "this is no WGSL" });
  const x = tf.add(tf.scalar(1), tf.scalar(2));
  await expect(x.data()).rejects.toThrow(/GPU command was invalid.*WGSL/s);
  await expect(x.data()).resolves.toEqual(new Float32Array([3]));
  expect(() => checkErrors()).not.toThrow();
});

test("a synchronous read says what to do", (context) => {
  if (!probe.available) context.skip(probe.reason);
  const x = tf.add(tf.scalar(1), tf.scalar(2));
  expect(() => x.dataSync()).toThrow(/await tensor\.data\(\)/);
  expect(() => x.dataSync()).toThrow(NuwaError);
});

test("a device that was closed can be opened again", async (context) => {
  if (!probe.available) context.skip(probe.reason);
  await closeWebgpu();
  await registerWebgpu({ allowSoftware: true });
  await expectNoLeak(async () => {
    const y = tf.tidy(() => tf.add(tf.tensor1d([1, 2]), 1));
    await expectClose(y, { shape: [2], data: [2, 3] }, {});
    y.dispose();
  });
});
