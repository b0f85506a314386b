import { MovingOpenMoji } from "@nuwa/data";
import { Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import type { TokenizerInput } from "../model/tokenizer-input.ts";
import type { PictureSet } from "./pictures.ts";
import { reconstructionSheet, type SheetPart } from "./sheet.ts";

const data = { size: 16, spriteSize: 12, frames: 1, align: 4, heldOut: 0, emoji: ["fox", "apple"] };
let set: PictureSet;
beforeAll(async () => {
  await useCpu();
  const dataset = await MovingOpenMoji.open(data);
  set = { dataset, combinations: dataset.combinations.images.train, heldOut: false };
});

const { config } = VqModel.create({
  resolution: 16,
  patch: 4,
  channels: [4],
  encoderBlocks: [0],
  decoderBlocks: [0],
  embeddingDim: 4,
  codebookSize: 4,
});

function part(input: TokenizerInput, reconstruct: (given: tf.Tensor) => tf.Tensor): SheetPart {
  const tokenizer: ImageTokenizer = {
    name: "x",
    input,
    data,
    model: { config, reconstruct } as unknown as VqModel,
  };
  return { label: "x", tokenizer, trained: set, unseen: set, rng: new Rng(0) };
}

/** Where tiles lie: 128 pixels wide, 6 pixels apart, below each a line of text. */
async function tilesOf(
  sheet: Uint8Array,
  rows: number,
): Promise<(row: number, column: number) => number[][]> {
  const { data: bytes, info } = await sharp(sheet).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  expect(info.width).toBe(12 * (128 + 6) + 6);
  const pitch = (info.height - 6 - 13) / rows;
  return (row, column) => {
    const colours: number[][] = [];
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const at = ((6 + row * pitch + y * 8 + 4) * info.width + 6 + column * 134 + x * 8 + 4) * 3;
        colours.push([...bytes.subarray(at, at + 3)]);
      }
    }
    return colours;
  };
}

test("pixels: pictures, reconstructions and absolute errors, twelve of each", () =>
  expectNoLeak(async () => {
    const invert = (given: tf.Tensor) => tf.neg(given);
    const tile = await tilesOf(await reconstructionSheet([part("pixels", invert)]), 3);
    for (const column of [0, 5, 6, 11]) {
      const [real, made, error] = [0, 1, 2].map((row) => tile(row, column));
      for (const [index, colour] of real.entries()) {
        for (const [channel, value] of colour.entries()) {
          expect(made[index][channel]).toBeCloseTo(255 - value, -0.5);
          expect(Math.abs(error[index][channel] - Math.abs(2 * value - 255))).toBeLessThanOrEqual(2);
        }
      }
    }
    expect(tile(0, 0)).not.toEqual(tile(0, 1)); // another drawing
  }));

test("line art is black on white, and white in the third row where a class is wrong", () =>
  expectNoLeak(async () => {
    const empty = (given: tf.Tensor) => tf.zerosLike(given);
    const tile = await tilesOf(await reconstructionSheet([part("sketch", empty)]), 3);
    const [real, made, error] = [0, 1, 2].map((row) => tile(row, 2));
    expect(new Set(real.map(String))).toEqual(new Set(["255,255,255", "0,0,0"]));
    expect(new Set(made.map(String))).toEqual(new Set(["255,255,255"]));
    expect(error).toEqual(real.map((colour) => colour.map((value) => 255 - value)));
  }));

test("segmentations are in colours; several tokenizers lie below one another", () =>
  expectNoLeak(async () => {
    const same = (given: tf.Tensor) => tf.clone(given);
    const sheet = await reconstructionSheet([part("segmentation", same), part("pixels", same)]);
    const tile = await tilesOf(sheet, 6);
    expect(tile(0, 0).map(String)).toContain("48,48,48");
    expect(new Set(tile(0, 0).map(String)).size).toBe(2);
    expect(tile(1, 0)).toEqual(tile(0, 0));
    expect(new Set(tile(2, 0).map(String))).toEqual(new Set(["0,0,0"]));
    expect(tile(4, 7)).toEqual(tile(3, 7));
  }));
