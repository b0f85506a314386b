import { EncoderDecoder } from "@nuwa/encdec";
import { imageGrid, namedParams, Rng, valueAndGradients, videoGrid } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { CaptionTokenizer, jointLoss } from "./index.ts";

beforeAll(useCpu);

test("the README's examples", () =>
  expectNoLeak(() => {
    const tokenizer = CaptionTokenizer.build(["a frog on red", "a frog on blue moving left"]);
    expect([tokenizer.vocabulary, tokenizer.textLength]).toEqual([7, 6]);
    expect([...tokenizer.encode("A frog, on red.")]).toEqual([0, 2, 5, 6]);
    expect(tokenizer.decode([0, 2, 5, 6])).toBe("a frog on red");
    expect(() => tokenizer.encode("a forg on red")).toThrow('"forg"');

    const model = EncoderDecoder.create(
      {
        dim: 16,
        heads: 2,
        encoderLayers: 1,
        decoderLayers: 1,
        codebookSize: 32,
        textLength: tokenizer.textLength,
        textVocabulary: tokenizer.vocabulary,
        targetGrid: videoGrid(4, 4, 2),
        decoderPattern: { kind: "nearby", extent: [3, 3, 3] },
      },
      new Rng(0),
    );
    const texts = [tokenizer.encode("a frog on red")];
    const { value, gradients } = valueAndGradients(
      () =>
        jointLoss(
          model,
          [
            { task: "textToImage", grid: imageGrid(4, 4), texts, codes: new Int32Array(16) },
            { task: "videoPrediction", grid: videoGrid(4, 4, 2), codes: new Int32Array(32) },
          ],
          { noneShare: 0.1, rng: new Rng(1) },
        ),
      namedParams(model),
    );
    expect(value.loss.shape).toEqual([]);
    expect(Object.keys(value).sort()).toEqual(["loss", "textToImage", "videoPrediction"]);
    tf.dispose([value, gradients] as never);
    model.dispose();
  }));
