import { ensureGradients, imageGrid, Rng, randomNormal } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, expect, test, vi } from "vitest";
import { nearby } from "../../nearby.ts";
import { neighbourTable } from "../../neighbour-table.ts";
import type { AttentionInputs } from "../kernel.ts";
import * as hosts from "./host.ts";
import { KeptInputs } from "./kept-inputs.ts";
import { cpuKernels } from "./kernels.ts";
import { Leases } from "./leases.ts";
import { kernelMemory, prepareKernels } from "./prepare.ts";

beforeAll(async () => {
  await useCpu();
  ensureGradients();
});
afterEach(() => prepareKernels({ threads: 1 }));

const grid = imageGrid(4, 5);
const heads = 2;
const shape = [1, heads, 20, 8];
const table = neighbourTable(nearby({ extent: { height: 3, width: 3, frames: 1 } }), { queryGrid: grid });
const attributes = { table, heads, scale: 0.5 };

const draw = (name: string) => randomNormal(shape, new Rng(1).fork(name));
const drawInputs = () => ({ query: draw("query"), key: draw("key"), value: draw("value") });

/** How often a kernel reads each input by slices. */
function countReads(): Map<object, number> {
  const reads = new Map<object, number>();
  const { hostOf } = hosts;
  vi.spyOn(hosts, "hostOf").mockImplementation((backend) => {
    const host = hostOf(backend);
    return {
      ...host,
      reader(tensor) {
        reads.set(tensor.dataId, (reads.get(tensor.dataId) ?? 0) + 1);
        return host.reader(tensor);
      },
    };
  });
  return reads;
}

function forward(inputs: AttentionInputs): [y: tf.Tensor, saved: tf.Tensor] {
  const results = cpuKernels.forward(tf.backend(), inputs, attributes);
  return results.map((info) => tf.engine().makeTensorFromTensorInfo(info)) as [tf.Tensor, tf.Tensor];
}

function gradient(inputs: AttentionInputs, saved: tf.Tensor, dy: tf.Tensor): tf.Tensor[] {
  const results = cpuKernels.gradient(tf.backend(), { ...inputs, saved, dy }, attributes);
  return results.map((info) => tf.engine().makeTensorFromTensorInfo(info));
}

test("the backward pass reads what the forward pass has read no more, and keeps it until what was saved is disposed", () =>
  expectNoLeak(() => {
    const inputs = drawInputs();
    const before = kernelMemory().kept;
    const [y, saved] = forward(inputs);
    expect(kernelMemory().kept - before).toBe(3 * 4 * heads * 20 * 8);
    const reads = countReads();
    const dy = draw("dy");
    for (let call = 1; call <= 2; call++) tf.dispose(gradient(inputs, saved, dy));
    expect(reads).toEqual(
      new Map([
        [dy.dataId, 2],
        [saved.dataId, 2],
      ]),
    );
    saved.dispose();
    expect(kernelMemory().kept).toBe(before);
    vi.restoreAllMocks();
    tf.dispose([inputs, y, dy]);
  }));

test("where they are not kept, as after a change of threads, gradients are the same", () =>
  expectNoLeak(async () => {
    const inputs = drawInputs();
    const dy = draw("dy");
    const [y, saved] = forward(inputs);
    const expected = gradient(inputs, saved, dy);
    await prepareKernels({ threads: 2 });
    const actual = gradient(inputs, saved, dy);
    for (const [index, tensor] of actual.entries())
      await expectClose(tensor, expected[index], { atol: 1e-6 });
    tf.dispose([inputs, dy, y, saved, expected, actual]);
  }));

test("no more than 256 MiB are kept", () => {
  const leases = new Leases(new WebAssembly.Memory({ initial: 1 }));
  const kept = new KeptInputs(leases);
  const info = (): tf.TensorInfo => ({ dataId: {}, shape: [], dtype: "float32" });
  const half = [2 ** 23, 2 ** 23, 2 ** 24]; // numbers
  const first = info();
  const regions = kept.take(half)!;
  kept.keep(regions, first, { refCount: () => 1 } as unknown as tf.KernelBackend);
  kept.keep(kept.take(half)!, info(), { refCount: () => 0 } as unknown as tf.KernelBackend);
  expect(kept.take([1])).toBeUndefined();
  expect(leases.bytes).toBe(2 ** 28);
  kept.releaseUnused();
  expect(leases.bytes).toBe(2 ** 27);
  expect(kept.take(half)).toHaveLength(3);
  expect(kept.find(first)).toBe(regions);
});
