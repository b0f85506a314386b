import { expectClose, expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { backends } from "../fixtures/backends.ts";
import { readGolden } from "../fixtures/golden.ts";
import {
  drawPixels,
  type HashedWeights,
  hashedWeights,
  type PixelShape,
} from "../fixtures/hashed-weights.ts";
import { relativeError } from "../fixtures/relative-error.ts";
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
      const latents = model.latents(pixels);
      expect(await relativeError(latents, golden[`${name}.latents`])).toBeLessThan(1e-5);
      const { codes } = model.encode(pixels);
      expect(new Set(Array.from(golden[`${name}.codes`].data)).size).toBeGreaterThan(5);
      await expectClose(codes, golden[`${name}.codes`], {});
      const decoded = tf.tidy(() => model.decoder.apply(model.quantizer.latentsOf(codes) as tf.Tensor4D));
      expect(await relativeError(decoded, golden[`${name}.decoded`])).toBeLessThan(1e-5);
      tf.dispose([pixels, latents, codes, decoded]);
      model.dispose();
    });
  });
});
