import { AdamW, namedParams, Rng, valueAndGradients, videoGrid } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { decodeSchedule, EncoderDecoder, generate, generateBest } from "./index.ts";

beforeAll(useCpu);

test("the README's example", () =>
  expectNoLeak(async () => {
    const model = EncoderDecoder.create(
      {
        dim: 32,
        heads: 2,
        encoderLayers: 1,
        decoderLayers: 2,
        codebookSize: 64,
        textLength: 8,
        textVocabulary: 100,
        targetGrid: { height: 4, width: 4, frames: 2 },
        decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
      },
      new Rng(1),
    );
    const grid = videoGrid(4, 4, 2);
    const text = { kind: "text", tokens: Int32Array.from([5, 17]) } as const;

    const params = namedParams(model);
    const optimizer = new AdamW(params);
    const conditions = [text, { kind: "none" } as const];
    const targets = tf.tensor2d(new Rng(2).integers(2 * 32, 64), [2, 32], "int32");
    const { value, gradients } = valueAndGradients(() => model.loss({ conditions, targets, grid }), params);
    expect([value.loss.shape, value.nll.shape, value.frameNll.shape]).toEqual([[], [], [2]]);
    const norm = optimizer.step(gradients, 1e-3);

    const sampler = { temperature: 1, topK: 32, seed: 7 };
    const videos = await generate(model, { condition: text, grid, sampler, guidance: 2, samples: 2 });
    expect(videos.map((codes) => codes.length)).toEqual([32, 32]);
    const [best] = await generateBest(model, { condition: text, grid, sampler, samples: 4 });
    expect([best.codes.length, best.score < 0, best.sample < 4]).toEqual([32, true, true]);
    expect(decodeSchedule({ pattern: model.decoderPattern, grid })).toHaveLength(9);

    tf.dispose([targets, norm, gradients, { ...value }]);
    optimizer.dispose();
    model.dispose();
  }));
