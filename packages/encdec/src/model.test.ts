import { namedParams, Rng, valueAndGradients, videoGrid } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { Condition } from "./condition.ts";
import type { EncoderDecoderInput } from "./config.ts";
import { EncoderDecoder } from "./model.ts";

beforeAll(useCpu);

const grid = videoGrid(2, 3, 2);
const config: EncoderDecoderInput = {
  dim: 8,
  heads: 2,
  encoderLayers: 1,
  decoderLayers: 2,
  codebookSize: 7,
  textLength: 3,
  textVocabulary: 5,
  targetGrid: { height: 2, width: 3, frames: 2 },
  decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
};
const text: Condition = { kind: "text", tokens: Int32Array.from([1, 4]) };
const none: Condition = { kind: "none" };

test("loss runs", () =>
  expectNoLeak(async () => {
    const model = EncoderDecoder.create(config, new Rng(1));
    const targets = tf.tensor2d(new Rng(2).integers(24, 7), [2, 12], "int32");
    const { value, gradients } = valueAndGradients(
      () => model.loss({ conditions: [text, none], targets, grid }),
      namedParams(model),
    );
    expect(Math.abs((await value.loss.data())[0] - Math.log(7))).toBeLessThan(0.1);
    tf.dispose([targets, { ...value }, gradients]);
    model.dispose();
  }));
