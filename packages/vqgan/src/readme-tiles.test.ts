import { readFile } from "node:fs/promises";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { VqModel } from "./model.ts";
import { hostPixels } from "./pixel-source.ts";
import { decodeFrames, encodeFrames } from "./stream.ts";
import { decodeTiled, encodeTiled } from "./tiles.ts";

beforeAll(useCpu);

/** The README's model, narrower and with fewer blocks: the plain backend is slow. */
const createModel = () =>
  VqModel.create(
    {
      resolution: 64,
      patch: 8,
      channels: [4],
      encoderBlocks: [1],
      decoderBlocks: [1],
      embeddingDim: 4,
      codebookSize: 16,
    },
    new Rng(0),
  );

test("the README's example of a large picture", () =>
  expectNoLeak(async () => {
    const model = createModel();
    const values = new Float32Array(1024 * 1024 * 3);
    const picture = hostPixels(values, [1, 1024, 1024, 3]);
    const codes = await encodeTiled(model, picture);
    const pixels = await decodeTiled(model, codes);
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    expect(readme).toContain(`encodeTiled(model, picture); // int32 [${codes.shape.join(", ")}]`);
    expect(readme).toContain(`decodeTiled(model, codes); // [${pixels.shape.join(", ")}]`);
    tf.dispose([codes, pixels]);
    model.dispose();
  }));

test("the README's example of a video", () =>
  expectNoLeak(async () => {
    const model = createModel();
    async function* frames() {
      for (let index = 0; index < 3; index++) {
        const frame = tf.zeros<tf.Rank.R3>([64, 64, 3]);
        try {
          yield frame;
        } finally {
          frame.dispose();
        }
      }
    }
    let count = 0;
    for await (const frame of decodeFrames(model, encodeFrames(model, frames()))) {
      expect(frame.shape).toEqual([64, 64, 3]);
      frame.dispose();
      count++;
    }
    expect(count).toBe(3);
    for await (const { shape } of encodeFrames(model, frames())) expect(shape).toEqual([8, 8]);
    model.dispose();
  }));
