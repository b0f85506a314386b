import { FUSED_KERNELS } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "./index.ts";

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

test("a boundary gives the same values in the shape that it is given, and outlives them", () =>
  expectNoLeak(async () => {
    let count = 0;
    for (let run = 0; run < 2; run++) {
      const flat = tf.tensor1d([1, 2, 3, 4]);
      const x = tf.reshape(flat, [2, 2]);
      const y = tf.engine().runKernel(FUSED_KERNELS.boundary, { x }) as tf.Tensor;
      tf.dispose([flat, x]);
      await expectClose(y, { shape: [2, 2], data: [1, 2, 3, 4] }, {});
      y.dispose();
      if (run === 0) count = backend.tensorCount(); // with the shape, which the backend keeps
    }
    expect(backend.tensorCount()).toBe(count);
  }));
