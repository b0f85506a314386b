import { LayerNorm } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, test } from "vitest";
import { addBranch } from "./residual.ts";

beforeAll(useCpu);

test("a branch is added as it is, or normed", () =>
  expectNoLeak(async () => {
    const norm = new LayerNorm({ dim: 2 });
    const [x, branch] = [tf.tensor2d([[1, 2]]), tf.tensor2d([[30, 10]])];
    const plain = addBranch(x, branch, {});
    const normed = addBranch(x, branch, { norm });
    await expectClose(plain, { shape: [1, 2], data: [31, 12] }, {});
    await expectClose(normed, { shape: [1, 2], data: [2, 1] }, { atol: 1e-5 });
    tf.dispose([x, branch, plain, normed]);
    norm.dispose();
  }));

test("features of the branch are dropped, and the others scaled, where there is a mask only", () =>
  expectNoLeak(async () => {
    const [x, branch] = [tf.tensor1d([1, 1, 1]), tf.tensor1d([1, 2, 3])];
    const mask = tf.tensor1d([1, 0, 1], "bool");
    const dropped = addBranch(x, branch, { dropout: 0.5, mask });
    const kept = addBranch(x, branch, { dropout: 0.5 });
    await expectClose(dropped, { shape: [3], data: [3, 1, 7] }, {});
    await expectClose(kept, { shape: [3], data: [2, 3, 4] }, {});
    tf.dispose([x, branch, mask, dropped, kept]);
  }));
