import { namedParams, Rng, randomNormal } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import type { VqConfigInput } from "./config.ts";
import { adaptiveWeight } from "./losses/adaptive-weight.ts";
import { VqModel } from "./model.ts";

beforeAll(useCpu);

const sizes = { resolution: 8, embeddingDim: 3, codebookSize: 4 };

const cases: { config: VqConfigInput; features: number[] }[] = [
  {
    config: { ...sizes, patch: 2, channels: [5, 6], encoderBlocks: [0, 0], decoderBlocks: [1, 1] },
    features: [2, 4, 6, 5],
  },
  {
    config: {
      ...sizes,
      architecture: "taming",
      channels: 32,
      multipliers: [1, 1, 1],
      blocks: 1,
      latentDim: 4,
    },
    features: [2, 8, 12, 32],
  },
];

describe.each(cases)("the decoder of $config.architecture in two parts", ({ config, features: shape }) => {
  const draw = () => randomNormal([2, 2, 3, 3], new Rng(2)) as tf.Tensor4D;

  test("the last layer of the features is what the whole decoder gives", () =>
    expectNoLeak(async () => {
      const model = VqModel.create(config, new Rng(1));
      const { decoder } = model;
      const latents = draw();
      const features = decoder.features(latents);
      expect(features.shape).toEqual(shape);
      const [actual, expected] = [decoder.last(features), decoder.apply(latents)];
      expect(expected.shape).toEqual([2, 8, 12, 3]);
      await expectClose(actual, expected, {});
      tf.dispose([latents, features, actual, expected]);
      model.dispose();
    }));

  test("its weight is the head's, listed once; both losses weigh at it as through the whole decoder", () =>
    expectNoLeak(async () => {
      const model = VqModel.create(config, new Rng(1));
      const { decoder } = model;
      const params = namedParams(decoder);
      expect(Object.keys(params).filter((name) => params[name] === decoder.lastLayer.weight)).toEqual([
        "head.weight",
      ]);
      const latents = draw();
      const features = decoder.features(latents);
      const weigh = (decode: () => tf.Tensor4D) =>
        adaptiveWeight({
          reconstruction: () => tf.mean(tf.square(tf.sub(decode(), 0.5))) as tf.Scalar,
          adversarial: () => tf.mean(decode()) as tf.Scalar,
          last: decoder.lastLayer.weight,
        });
      const actual = weigh(() => decoder.last(features));
      const expected = weigh(() => decoder.apply(latents));
      expect((await expected.data())[0]).toBeGreaterThan(0);
      await expectClose(actual, expected, { rtol: 1e-6 });
      tf.dispose([latents, features, actual, expected]);
      model.dispose();
    }));
});
