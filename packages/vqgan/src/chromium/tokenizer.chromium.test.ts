import { namedParams } from "@nuwa/tensor3d";
import { chromiumPage, nodeScripts } from "@nuwa/testing/chromium-page";
import * as tf from "@tensorflow/tfjs-core";
import { expect, type TestContext, test } from "vitest";
import { CODEBOOK } from "../checkpoints/weights.ts";
import { backends } from "../fixtures/backends.ts";
import { drawnModel, drawnPixels, type RoundTrip, roundTrip } from "./round-trip.ts";

/** Two codes are a tie where their squared distances from a latent differ by this share of the smaller one. */
const TIE = 1e-5;

interface NodeResult extends RoundTrip {
  /** The squared distance of a position's latent from a code. */
  distance(position: number, code: number): number;
}

const open = chromiumPage(new URL("page/main.ts", import.meta.url), { isolated: true });
let onNode: Promise<NodeResult> | undefined;

test("the bundle carries nothing of Node's", (context) => {
  expect(nodeScripts(open(context))).toEqual([]);
});

test("on a page, wasm gives node's codes and pixels", async (context) => {
  const request = { backend: "wasm", codes: (await nodeResult(context)).codes } as const;
  await expectSame(await open(context).page.evaluate((asked) => tokenizeHere(asked), request));
});

test("in a worker of an isolated page, wasm does, with threads for half of the cores", async (context) => {
  const request = { backend: "wasm", codes: (await nodeResult(context)).codes } as const;
  await expectSame(await open(context).page.evaluate((asked) => tokenizeInWorker(asked), request));
});

test("WebGPU gives node's codes and pixels", { timeout: 300_000 }, async (context) => {
  const request = { backend: "webgpu", codes: (await nodeResult(context)).codes } as const;
  await expectSame(await open(context).page.evaluate((asked) => tokenizeHere(asked), request));
});

/** Computed once; the test is skipped where the node backend is missing. */
async function nodeResult(context: TestContext): Promise<NodeResult> {
  await backends.node(context);
  onNode ??= computeHere();
  return onNode;
}

async function computeHere(): Promise<NodeResult> {
  const model = await drawnModel();
  const result = await roundTrip(model);
  const pixels = drawnPixels();
  const latents = model.latents(pixels);
  const [z, codes] = await Promise.all([latents.data(), namedParams(model)[CODEBOOK].data()]);
  const { dim } = model.quantizer;
  tf.dispose([pixels, latents]);
  model.dispose();
  return {
    ...result,
    distance(position, code) {
      let sum = 0;
      for (let axis = 0; axis < dim; axis++)
        sum += (z[position * dim + axis] - codes[code * dim + axis]) ** 2;
      return sum;
    },
  };
}

async function expectSame({ codes, pixels }: RoundTrip): Promise<void> {
  const { distance, ...expected } = await onNode!;
  expect(new Set(expected.codes).size).toBeGreaterThan(20);
  const apart = codes.map((code, position) => {
    const [own, nearest] = [distance(position, code), distance(position, expected.codes[position])];
    return own / nearest - 1;
  });
  expect(codes).toHaveLength(expected.codes.length);
  expect(Math.max(...apart)).toBeLessThan(TIE);
  expect(pixels).toHaveLength(expected.pixels.length);
  const differences = pixels.map((value, index) => Math.abs(value - expected.pixels[index]));
  const largest = differences.reduce((most, difference) => Math.max(most, difference), 0);
  expect(largest).toBeLessThan(1e-3);
}
