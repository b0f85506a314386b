import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { isNuwaError } from "./errors.ts";
import { Linear } from "./linear.ts";
import { LayerNorm } from "./norm.ts";
import { disposeParams, loadParams, namedParams, parameterCount, saveParams } from "./params.ts";
import { Rng } from "./rng.ts";

beforeAll(useCpu);

class Model {
  readonly config = { name: "a model", inner: { weight: 3 } };
  readonly blocks: { readonly query: Linear; readonly norm: LayerNorm }[];
  readonly head: Linear;
  readonly tied: Linear;

  constructor() {
    const rng = new Rng(1);
    this.blocks = [0, 1].map((index) => ({
      query: new Linear({ inFeatures: 2, outFeatures: 3, bias: false }, rng.fork(index)),
      norm: new LayerNorm({ dim: 3 }),
    }));
    this.head = new Linear({ inFeatures: 3, outFeatures: 1 }, rng);
    this.tied = this.head;
  }
}

const keys = [
  "blocks.0.query.weight",
  "blocks.0.norm.gain",
  "blocks.0.norm.offset",
  "blocks.1.query.weight",
  "blocks.1.norm.gain",
  "blocks.1.norm.offset",
  "head.weight",
  "head.bias",
];

test("keys are property paths without params; what is shared is listed once", () =>
  expectNoLeak(() => {
    const model = new Model();
    expect(Object.keys(namedParams(model))).toEqual(keys);
    expect(parameterCount(model)).toBe(2 * (6 + 3 + 3) + 4);
    expect(saveParams(model)["head.bias"]).toBe(model.head.params.bias);
    disposeParams(model);
  }));

test("loadParams assigns copies", () =>
  expectNoLeak(async () => {
    const model = new Model();
    const tensors = Object.fromEntries(
      Object.entries(namedParams(model)).map(([key, { shape, size }]) => [
        key,
        { shape, data: new Float32Array(size).fill(7) },
      ]),
    );
    loadParams(model, tensors);
    tensors["head.weight"].data.fill(0);
    await expectClose(model.head.params.weight, { shape: [3, 1], data: [7, 7, 7] }, {});
    disposeParams(model);
  }));

test("loadParams names every key that does not fit and assigns nothing", () =>
  expectNoLeak(async () => {
    const layer = {
      a: new Linear({ inFeatures: 1, outFeatures: 2 }, new Rng(1)),
      b: new LayerNorm({ dim: 2 }),
    };
    const before = layer.a.params.weight.dataSync().slice();
    const tensors = {
      "a.weight": { shape: [1, 2], data: [5, 5] },
      "a.bias": { shape: [1, 2], data: [0, 0] },
      "b.gain": { shape: [2], data: [1] },
      extra: { shape: [4], data: [1, 2, 3, 4] },
    };
    let error: unknown;
    try {
      loadParams(layer, tensors);
    } catch (caught) {
      error = caught;
    }
    if (!isNuwaError(error)) throw new Error("wanted a NuwaError");
    expect(error.code).toBe("CHECKPOINT");
    expect(error.message).toContain("missing b.offset [2]");
    expect(error.message).toContain("a.bias: wanted [2], got [1, 2]");
    expect(error.message).toContain("b.gain: wanted [2], got [2] with 1 values");
    expect(error.message).toContain("unexpected extra [4]");
    expect(layer.a.params.weight.dataSync()).toEqual(before);
    disposeParams(layer);
    tf.dispose(Object.values(namedParams(layer)));
  }));
