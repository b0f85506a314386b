import {
  AdamW,
  Conv2d,
  FUSED_KERNELS,
  GroupNorm,
  gelu,
  LayerNorm,
  Linear,
  namedParams,
  Rng,
  randomNormal,
  silu,
  valueAndGradients,
} from "@nuwa/tensor3d";
import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test, vi } from "vitest";
import { loadNodeBackend, type NodeBackend, registerNode } from "../node/index.ts";
import { BACKEND_NAME } from "../node/kernel.ts";
import { compile } from "./compile.ts";
import type { Mode } from "./options.ts";

let backend: NodeBackend;

beforeAll(async () => {
  await registerNode();
  backend = await loadNodeBackend();
});

/** A network of what the backend computes by oneDNN and outside of TensorFlow where it can. */
function createNetwork() {
  const rng = new Rng(3);
  const layers = {
    stem: new Conv2d({ inChannels: 3, outChannels: 8, kernel: 3, stride: 2 }, rng),
    groups: new GroupNorm({ channels: 8, groups: 2 }),
    norm: new LayerNorm({ dim: 8 }),
    head: new Linear({ inFeatures: 8, outFeatures: 4 }, rng),
  };
  const params = namedParams(layers);
  const optimizer = new AdamW(params);
  const apply = (images: tf.Tensor) => {
    const features = silu(layers.groups.apply(layers.stem.apply(images)));
    return gelu(layers.head.apply(layers.norm.apply(tf.mean(features, [1, 2]))));
  };
  return {
    params,
    apply: (images: tf.Tensor) => ({ y: apply(images) }),
    step(images: tf.Tensor) {
      const { value, gradients } = valueAndGradients(
        () => ({ loss: tf.mean(tf.squaredDifference(apply(images), 1)) }),
        params,
      );
      optimizer.step(gradients, 0.01);
      return { loss: value.loss };
    },
    dispose() {
      tf.dispose(params);
      optimizer.dispose();
    },
  };
}

test.each<Mode>(["xla", "auto"])("%s: training and results are those of the step itself", (mode) =>
  expectNoLeak(async () => {
    const kernel = tf.getKernel(FUSED_KERNELS.silu, BACKEND_NAME);
    const before = backend.tensorCount();
    const [plain, own] = [createNetwork(), createNetwork()];
    const [step, apply] = [compile(own.step, { mode }), compile(own.apply, { mode })];
    const images = randomNormal([4, 8, 8, 3], new Rng(5));
    for (let call = 0; call < 14; call++) {
      const expected = tf.tidy(() => ({ ...plain.step(images), ...plain.apply(images) }));
      const actual = { ...step(images), ...apply(images) };
      await expectClose(actual.loss, expected.loss, { rtol: 1e-4 });
      await expectClose(actual.y, expected.y, { rtol: 1e-4, atol: 1e-5 });
      tf.dispose([expected, actual]);
      if (call === 4) {
        const functions =
          mode === "xla" ? { graph: 0, xla: 3, measured: 0 } : { graph: 0, xla: 0, measured: 3 };
        expect(step.records).toMatchObject([{ program: { functions, outsideCalls: 2 } }]);
      }
    }
    const { graph, xla, measured } = step.records[0].program!.functions;
    expect([graph + xla, measured]).toEqual([3, 0]);
    expect(tf.getKernel(FUSED_KERNELS.silu, BACKEND_NAME)).toBe(kernel);
    step.dispose();
    apply.dispose();
    images.dispose();
    plain.dispose();
    own.dispose();
    expect(backend.tensorCount() - before).toBeLessThan(40); // constants that the backend keeps
  }),
);

/** `Dilation2D` is unknown to XLA. */
const dilated = (x: tf.Tensor) => ({
  y: tf.dilation2d(x as tf.Tensor4D, tf.zeros([2, 2, x.shape[3]!]) as tf.Tensor3D, 1, "valid"),
});

test("what XLA does not know is named by xla", () =>
  expectNoLeak(() => {
    const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const xla = compile(dilated, { mode: "xla" });
    for (let call = 0; call < 2; call++) tf.dispose(xla(x));
    expect(() => xla(x)).toThrow(
      /^compile: XLA cannot compile the step: .*Dilation2D.* Use mode "graph" or "auto"\.$/,
    );
    xla.dispose();
    x.dispose();
  }));

test("auto leaves the function with it to graphs and measures the others; every function is removed in the end", () =>
  expectNoLeak(async () => {
    const { functions } = backend.binding;
    const [added, removed] = [vi.spyOn(functions, "add"), vi.spyOn(functions, "remove")];
    const norm = new GroupNorm({ channels: 2, groups: 1 });
    const total = tf.tidy(() => tf.variable(tf.zeros([1, 1, 1, 2])));
    const step = (x: tf.Tensor) => {
      const normed = norm.apply(dilated(x).y as tf.Tensor4D);
      total.assign(tf.add(total, tf.mul(normed, 10)));
      return { y: tf.add(normed, 1) };
    };
    const auto = compile(step, { mode: "auto" });
    for (let call = 0; call < 12; call++) {
      const x = tf.tensor4d([1, 0, 2, 0, 3, 0, 4, 1 + call], [1, 2, 2, 2]);
      const { y } = auto(x);
      // Of 4 and 1 + call, normed: -1 and 1 where the second is larger, 0 where they are equal.
      const sign = Math.sign(call - 3);
      await expectClose(y, { shape: [1, 1, 1, 2], data: [1 - sign, 1 + sign] }, { atol: 1e-4 });
      tf.dispose([x, y]);
      if (call === 3) {
        expect(auto.records[0].program?.functions).toEqual({ graph: 1, xla: 0, measured: 1 });
        expect(removed).toHaveBeenCalledTimes(1);
      }
    }
    // The sum of the signs: 3 calls below, 1 equal, 8 above.
    await expectClose(total, { shape: [1, 1, 1, 2], data: [-50, 50] }, { rtol: 1e-4 });
    const { graph, xla, measured } = auto.records[0].program!.functions;
    expect([graph + xla, measured]).toEqual([2, 0]);
    expect(removed).toHaveBeenCalledTimes(2);
    auto.dispose();
    const names = added.mock.results.map(({ value }) => value);
    expect(removed.mock.calls.map(([name]) => name).sort()).toEqual(names.sort());
    vi.restoreAllMocks();
    total.dispose();
    norm.dispose();
  }));
