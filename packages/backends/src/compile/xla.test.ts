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
import { beforeAll, expect, test } from "vitest";
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
      if (mode === "auto" && call === 4) expect(step.records[0].program?.mode).toBe("auto");
    }
    const chosen = step.records[0].program;
    expect(mode === "xla" ? ["xla"] : ["xla", "graph"]).toContain(chosen?.mode);
    expect(chosen?.outsideCalls).toBe(2);
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
  y: tf.dilation2d(x as tf.Tensor4D, tf.zeros([2, 2, 1]) as tf.Tensor3D, 1, "valid"),
});

test("what XLA does not know is named, and left to graphs by auto", () =>
  expectNoLeak(async () => {
    const x = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
    const xla = compile(dilated, { mode: "xla" });
    for (let call = 0; call < 2; call++) tf.dispose(xla(x));
    expect(() => xla(x)).toThrow(
      /^compile: XLA cannot compile the step: .*Dilation2D.* Use mode "graph" or "auto"\.$/,
    );
    const auto = compile(dilated, { mode: "auto" });
    for (let call = 0; call < 4; call++) {
      const { y } = auto(x);
      await expectClose(y, { shape: [1, 1, 1, 1], data: [4] }, {});
      y.dispose();
    }
    expect(auto.records[0].program?.mode).toBe("graph");
    xla.dispose();
    auto.dispose();
    x.dispose();
  }));
