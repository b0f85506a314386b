import { compile } from "@nuwa/backends";
import { probeNode, registerNode } from "@nuwa/backends/node";
import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, isRequired, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { compileCodec, type VqCodec } from "./codec.ts";
import type { VqConfigInput } from "./config.ts";
import type { VqInput } from "./input.ts";
import { VqModel } from "./model.ts";
import { decodeTiled, encodeTiled } from "./tiles.ts";

beforeAll(useCpu);

const taming: VqConfigInput = {
  architecture: "taming",
  resolution: 16,
  channels: 32,
  multipliers: [1, 1],
  blocks: 1,
  attentionResolutions: [8],
  latentDim: 4,
  embeddingDim: 4,
  codebookSize: 8,
};
const seg: VqConfigInput = {
  kind: "vq-gan-seg",
  classes: 3,
  resolution: 16,
  patch: 4,
  channels: [8],
  encoderBlocks: [1],
  decoderBlocks: [1],
  embeddingDim: 4,
  codebookSize: 8,
};

const pictures = (batch: number, seed: number): tf.Tensor4D =>
  tf.tensor4d(
    new Rng(seed).uniform(batch * 16 * 16 * 3).map((value) => 2 * value - 1),
    [batch, 16, 16, 3],
  );
const classMaps = (batch: number, seed: number): tf.Tensor3D =>
  tf.tensor3d(
    Int32Array.from(new Rng(seed).uniform(batch * 16 * 16), (value) => Math.floor(3 * value)),
    [batch, 16, 16],
  );

async function expectSame(codec: VqCodec, model: VqModel, input: VqInput): Promise<void> {
  const [{ codes }, own] = [model.encode(input), codec.encode(input)];
  const [decoded, ownDecoded] = [model.decode(codes), codec.decode(codes)];
  expect(own.codes.dtype).toBe("int32");
  await expectClose(own.codes, codes, {});
  await expectClose(ownDecoded, decoded, { atol: 1e-5 });
  tf.dispose([codes, own.codes, decoded, ownDecoded]);
}

test.for([
  ["pixels", taming, pictures],
  ["class maps", seg, classMaps],
] as const)(
  "%s: compiled as the model itself, also after its weights have changed",
  async ([, config, draw], context) => {
    const probe = await probeNode();
    if (!probe.available && !isRequired("node")) context.skip(probe.reason);
    await registerNode({ fetch: false });
    try {
      await expectNoLeak(async () => {
        const model = VqModel.create(config, new Rng(1));
        const codec = compileCodec(model, compile);
        for (const batch of [2, 1]) {
          for (let call = 0; call < 4; call++) {
            const input = draw(batch, call);
            await expectSame(codec, model, input);
            input.dispose();
          }
        }
        for (const param of Object.values(model.trainableParams())) {
          const half = tf.mul(param, 0.5);
          param.assign(half);
          half.dispose();
        }
        const input = draw(2, 9);
        await expectSame(codec, model, input);
        input.dispose();
        codec.dispose();
        model.dispose();
      });
    } finally {
      await useCpu();
    }
  },
);

test("tiles are encoded and decoded by it", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(taming, new Rng(1));
    const calls: string[] = [];
    const codec = compileCodec(model, (step) => {
      const run = (...inputs: tf.Tensor[]) => {
        const outputs = step(...inputs);
        calls.push(...Object.keys(outputs));
        return outputs;
      };
      return Object.assign(run, { dispose: () => calls.push("disposed") });
    });
    const pixels = pictures(1, 0);
    const [codes, own] = [await encodeTiled(model, pixels), await encodeTiled(codec, pixels)];
    const [decoded, ownDecoded] = [await decodeTiled(model, codes), await decodeTiled(codec, codes)];
    await expectClose(own, codes, {});
    await expectClose(ownDecoded, decoded, {});
    codec.dispose();
    expect(calls).toEqual(["codes", "decoded", "disposed", "disposed"]);
    tf.dispose([pixels, codes, own, decoded, ownDecoded]);
    model.dispose();
  }));

test("it refuses what the model refuses", () =>
  expectNoLeak(() => {
    const model = VqModel.create(taming, new Rng(1));
    const codec = compileCodec(model, (step) => Object.assign(step, { dispose() {} }));
    const [odd, broken, pixels] = [
      tf.zeros([1, 15, 16, 3]),
      tf.fill([1, 16, 16, 3], Number.NaN),
      pictures(1, 0),
    ];
    expect(() => codec.encode(odd as tf.Tensor4D)).toThrow("height and width multiples of 2");
    expect(() => codec.encode(broken as tf.Tensor4D)).toThrow("wanted finite numbers");
    expect(() => codec.decode(pixels as unknown as tf.Tensor3D)).toThrow(
      "wanted int32 [batch, rows, columns]",
    );
    tf.dispose([odd, broken, pixels]);
    model.dispose();
  }));
