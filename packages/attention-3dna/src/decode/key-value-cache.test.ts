import { Rng, randomNormal } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { SlotCache } from "../kernels/wasm/slot-cache.ts";
import { createCache } from "./key-value-cache.ts";
import { TensorCache } from "./tensor-cache.ts";

beforeAll(useCpu);

test("what the kernel's memory cannot hold is kept in tensors, and attended alike", () =>
  expectNoLeak(async () => {
    const table = { offsets: Int32Array.of(0, 3, 4), keys: Int32Array.of(0, 1, 3, 2) };
    const rows = { table, entries: Int32Array.of(0, 1, 2, 3) };
    const draw = (name: string, tokens: number) =>
      randomNormal([1, tokens, 8], new Rng(1).fork(name)) as tf.Tensor3D;
    const [query, keys, values] = [draw("query", 2), draw("keys", 4), draw("values", 4)];
    const caches = [4, 2 ** 28].map((slots) => createCache({ rows: 1, slots, heads: 2, headDim: 4 }));
    expect(caches.map((cache) => cache.constructor)).toEqual([SlotCache, TensorCache]);
    const [slots, tensors] = caches.map((cache) => {
      cache.fill(keys, values);
      return cache.attend(query, rows, { scale: 0.5 });
    });
    await expectClose(slots, tensors, { atol: 1e-6 });
    for (const cache of caches) cache.dispose();
    tf.dispose([query, keys, values, slots, tensors]);
  }));
