import { Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import type { VqConfigInput } from "./config.ts";
import { VqModel } from "./model.ts";
import { decodeFrames, encodeFrames, type FrameCodes } from "./stream.ts";

beforeAll(useCpu);

const config: VqConfigInput = {
  resolution: 8,
  patch: 2,
  channels: [4, 6],
  encoderBlocks: [1, 0],
  decoderBlocks: [0, 1],
  embeddingDim: 3,
  codebookSize: 16,
};

function video(frames: number, seed = 0): tf.Tensor4D {
  const values = new Rng(seed).uniform(frames * 8 * 12 * 3).map((value) => 2 * value - 1);
  return tf.tensor4d(values, [frames, 8, 12, 3]);
}

/** Counts what it lends and disposes of each when asked for the next one. */
async function* lend(count: number, log: { closed: boolean; lent: number }): AsyncGenerator<tf.Tensor3D> {
  try {
    for (let index = 0; index < count; index++) {
      const frame = tf.tidy(() => tf.squeeze<tf.Tensor3D>(video(1, index), [0]));
      log.lent++;
      try {
        yield frame;
      } finally {
        frame.dispose();
      }
    }
  } finally {
    log.closed = true;
  }
}

test("frames alone and in batches give the codes and pixels of the model, frame by frame", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const frames = video(5);
    const { codes } = model.encode(frames);
    const decoded = model.decode(codes);
    const single = tf.tidy(() =>
      tf.squeeze<tf.Tensor3D>(tf.slice(frames, [0, 0, 0, 0], [1, -1, -1, -1]), [0]),
    );
    const rest = tf.slice(frames, [1, 0, 0, 0]);
    const all: FrameCodes[] = [];
    for await (const frame of encodeFrames(model, [single, rest])) all.push(frame);
    expect(all.map(({ shape }) => shape)).toEqual(Array(5).fill([2, 3]));
    expect(all.flatMap(({ data }) => Array.from(data))).toEqual(Array.from(await codes.data()));
    const pixels: tf.Tensor3D[] = [];
    for await (const frame of decodeFrames(model, all)) pixels.push(frame);
    const stacked = tf.stack(pixels);
    await expectClose(stacked, decoded, { atol: 1e-6 });
    tf.dispose([frames, codes, decoded, single, rest, stacked, ...pixels]);
    model.dispose();
  }));

test("class maps alone and in batches give the codes and logits of the model", () =>
  expectNoLeak(async () => {
    const model = VqModel.create({ ...config, kind: "vq-gan-seg", classes: 4 }, new Rng(1));
    const maps = tf.tensor3d(new Rng(2).integers(3 * 8 * 12, 4), [3, 8, 12], "int32");
    const { codes } = model.encode(maps);
    const logits = model.decode(codes);
    const single = tf.tidy(() => tf.squeeze<tf.Tensor2D>(tf.slice(maps, [0, 0, 0], [1, -1, -1]), [0]));
    const rest = tf.slice(maps, [1, 0, 0]);
    const all: FrameCodes[] = [];
    for await (const frame of encodeFrames(model, [single, rest])) all.push(frame);
    expect(all.flatMap(({ data }) => Array.from(data))).toEqual(Array.from(await codes.data()));
    const frames: tf.Tensor3D[] = [];
    for await (const frame of decodeFrames(model, all)) frames.push(frame);
    const stacked = tf.stack(frames);
    await expectClose(stacked, logits, { atol: 1e-6 });
    tf.dispose([maps, codes, logits, single, rest, stacked, ...frames]);
    model.dispose();
  }));

test("over 1,000 batches nothing grows", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const batch = video(2);
    function* repeat() {
      for (let index = 0; index < 1000; index++) yield batch;
    }
    const { numBytes, numTensors } = tf.memory();
    let frames = 0;
    for await (const frame of decodeFrames(model, encodeFrames(model, repeat()))) {
      frame.dispose();
      frames++;
      if (tf.memory().numBytes !== numBytes || tf.memory().numTensors !== numTensors)
        throw new Error(`${tf.memory().numBytes - numBytes} bytes more after ${frames} frames`);
    }
    expect(frames).toBe(2000);
    batch.dispose();
    model.dispose();
  }));

test("frames are asked for one at a time, and a consumer that stops closes the source", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const log = { closed: false, lent: 0 };
    for await (const frame of decodeFrames(model, encodeFrames(model, lend(10, log)))) {
      frame.dispose();
      if (log.lent === 3) break;
    }
    expect(log).toEqual({ closed: true, lent: 3 });
    model.dispose();
  }));

test("on abort and on errors the source is closed and nothing stays behind", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    for (const stream of [
      (source: AsyncIterable<tf.Tensor3D>, signal: AbortSignal) => encodeFrames(model, source, { signal }),
      (source: AsyncIterable<tf.Tensor3D>, signal: AbortSignal) =>
        decodeFrames(model, encodeFrames(model, source), { signal }),
    ]) {
      const log = { closed: false, lent: 0 };
      const controller = new AbortController();
      const run = async () => {
        for await (const item of stream(lend(10, log), controller.signal)) {
          if (item instanceof tf.Tensor) item.dispose();
          if (log.lent === 2) controller.abort(new Error("stopped"));
        }
      };
      await expect(run()).rejects.toThrow("stopped");
      expect(log).toEqual({ closed: true, lent: 3 });
    }
    const narrow = tf.zeros<tf.Rank.R3>([8, 7, 3]);
    await expect(encodeFrames(model, [narrow]).next()).rejects.toThrow(
      "multiples of 4, got float32 [1, 8, 7, 3]",
    );
    const wrong = [{ shape: [2, 2], data: new Int32Array(3) }] as const;
    await expect(decodeFrames(model, wrong).next()).rejects.toThrow(
      "decodeFrames: wanted rows × columns codes, got 3 for the shape [2, 2]",
    );
    narrow.dispose();
    model.dispose();
  }));
