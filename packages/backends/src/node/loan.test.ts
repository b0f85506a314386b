import { expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "./index.ts";
import { createTensorsTypeOpAttr } from "./op-attributes.ts";

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const values = new Float32Array(buffer, 128, 6);
const type = createTensorsTypeOpAttr("T", "float32");

function lend(first = 1) {
  for (const index of values.keys()) values[index] = first + index;
  return backend.lend(values, [2, 3]);
}

test("TensorFlow reads lent values in place, and returns them with the tensor", () =>
  expectNoLeak(async () => {
    const { tensor, isReturned } = lend();
    expect(await tensor.array()).toEqual([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    values[5] = 9; // which nobody should do
    expect([...(await tensor.data())]).toEqual([1, 2, 3, 4, 5, 9]);
    expect(isReturned()).toBe(false);
    tensor.dispose();
    expect(isReturned()).toBe(true);
  }));

test("they are not returned while another tensor of TensorFlow's has the same values, or some of them", () =>
  expectNoLeak(async () => {
    const rows = new Float32Array(buffer, 4096, 32);
    for (const index of rows.keys()) rows[index] = index;
    const { tensor, isReturned } = backend.lend(rows, [2, 16]);
    const same = backend.executeSingleInput("Identity", tensor);
    const second = tf.slice(tensor, [1, 0], [1, 16]); // a part of the same memory
    tensor.dispose();
    expect(isReturned()).toBe(false);
    same.dispose();
    expect(isReturned()).toBe(false);
    expect([...(await second.data())]).toEqual(Array.from({ length: 16 }, (_, index) => 16 + index));
    second.dispose();
    expect(isReturned()).toBe(true);
  }));

test("no operation writes its result over them", () =>
  expectNoLeak(() => {
    const { tensor, isReturned } = lend(-3);
    const [relu] = backend.executeMultipleOutputs("Relu", [type], [tensor], 1);
    const [sum] = backend.executeMultipleOutputs("AddV2", [type], [tensor, relu], 1);
    const [negative] = backend.executeMultipleOutputs("Neg", [type], [tensor], 1);
    expect([...values]).toEqual([-3, -2, -1, 0, 1, 2]);
    expect(isReturned()).toBe(false);
    tf.dispose([tensor, relu, sum, negative]);
    expect(isReturned()).toBe(true);
  }));

test.each([0, 24, 255])("they are seen to be returned where their first byte was %i", (byte) =>
  expectNoLeak(() => {
    for (let index = 0; index < values.length; index++) values[index] = index;
    new Uint8Array(buffer, values.byteOffset, 1)[0] = byte; // 24 is also their number of bytes
    const { tensor, isReturned } = backend.lend(values, [6]);
    expect(isReturned()).toBe(false);
    tensor.dispose();
    expect(isReturned()).toBe(true);
    new Uint8Array(buffer, values.byteOffset, 1)[0] = byte; // the memory's next use
    expect(isReturned()).toBe(true);
  }),
);
