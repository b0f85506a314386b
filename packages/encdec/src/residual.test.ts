import { LayerNorm, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
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

test("features of the branch are dropped, and the others scaled, where there is an rng only", () =>
  expectNoLeak(async () => {
    const [x, branch] = [tf.ones([100]), tf.ones([100])];
    const dropped = addBranch(x, branch, { dropout: 0.5, rng: new Rng(1) });
    const kept = addBranch(x, branch, { dropout: 0.5 });
    expect(new Set(await dropped.data())).toEqual(new Set([1, 3]));
    expect(new Set(await kept.data())).toEqual(new Set([2]));
    tf.dispose([x, branch, dropped, kept]);
  }));
