import { under } from "@nuwa/tensor3d";
import { expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, test } from "vitest";
import { backends } from "../fixtures/backends.ts";
import { readGolden } from "../fixtures/golden.ts";
import {
  drawPixels,
  type HashedWeights,
  hashedWeights,
  type PixelShape,
} from "../fixtures/hashed-weights.ts";
import { expectParity } from "../fixtures/parity.ts";
import { importDiffusers } from "./diffusers.ts";
import type { DiffusersVqConfig } from "./diffusers-config.ts";

// tooling/oracle/diffusers_vq.py wrote the fixture with diffusers.
interface Case {
  readonly config: DiffusersVqConfig;
  readonly pixels: PixelShape;
  readonly weights: HashedWeights;
}

const { golden, metadata } = readGolden("diffusers.safetensors");
const cases: Record<string, Case> = JSON.parse(metadata.cases);
const seed = Number(metadata.seed);

describe.each(Object.entries(backends))("on %s diffusers computes the same:", (_backend, use) => {
  test.for(Object.keys(cases))("latents, codes and pixels of %s", async (name, context) => {
    await use(context);
    await expectNoLeak(async () => {
      const model = importDiffusers(hashedWeights(seed, cases[name].weights), cases[name].config);
      const pixels = drawPixels(seed, cases[name].pixels);
      const decoded = await expectParity(model, pixels, under(golden, `${name}.`));
      tf.dispose([pixels, decoded]);
      model.dispose();
    });
  });
});
