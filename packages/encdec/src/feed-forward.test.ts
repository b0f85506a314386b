import { namedParams, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { FeedForward } from "./feed-forward.ts";

beforeAll(useCpu);

/** What a feed-forward makes of x = 1 with a width of 1, when `[g, v] = [2, 3]` or, not gated, 2, and W2 = 5, b2 = 7. */
function resultOf(kind: "gelu" | "geglu" | "swiglu"): tf.Tensor {
  const layer = new FeedForward({ dim: 1, hidden: 1, kind }, new Rng(1), { outputStd: 1 });
  const { "expand.weight": expand, "contract.weight": contract, "contract.bias": bias } = namedParams(layer);
  return tf.tidy(() => {
    expand.assign(kind === "gelu" ? tf.tensor2d([[2]]) : tf.tensor2d([[2, 3]]));
    contract.assign(tf.tensor2d([[5]]));
    bias.assign(tf.tensor1d([7]));
    const y = layer.apply(tf.ones([1, 1]));
    layer.dispose();
    return y;
  });
}

const gelu2 = 1 + Math.tanh(Math.sqrt(2 / Math.PI) * (2 + 0.044715 * 8));
const silu2 = 2 / (1 + Math.exp(-2));

test.each([
  ["gelu", 5 * gelu2 + 7],
  ["geglu", 5 * gelu2 * 3 + 7],
  ["swiglu", 5 * silu2 * 3 + 7],
] as const)("%s by hand", (kind, expected) =>
  expectNoLeak(async () => {
    const y = resultOf(kind);
    await expectClose(y, { shape: [1, 1], data: [expected] }, { atol: 1e-5 });
    y.dispose();
  }),
);

test("a gated one expands to a gate and what it lets through", () => {
  const shapes = (kind: "gelu" | "swiglu") => {
    const layer = new FeedForward({ dim: 3, hidden: 4, kind }, new Rng(1), { outputStd: 1 });
    const found = Object.entries(namedParams(layer)).map(([name, { shape }]) => `${name} ${shape}`);
    layer.dispose();
    return found;
  };
  const contract = ["contract.weight 4,3", "contract.bias 3"];
  expect(shapes("gelu")).toEqual(["expand.weight 3,4", "expand.bias 4", ...contract]);
  expect(shapes("swiglu")).toEqual(["expand.weight 3,8", "expand.bias 8", ...contract]);
});
