import { under } from "@nuwa/tensor3d";
import { expectNoLeak } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { importTaming } from "../checkpoints/taming.ts";
import type { TamingVqConfigInput } from "../config.ts";
import { backends } from "../fixtures/backends.ts";
import { readGolden } from "../fixtures/golden.ts";
import type { PixelShape } from "../fixtures/hashed-weights.ts";
import { expectParity } from "../fixtures/parity.ts";

// tooling/oracle/taming_trained.py trained the two with taming-transformers' modules, and wrote the fixture.
interface Case {
  readonly config: Omit<TamingVqConfigInput, "architecture">;
  /** Of the fixture's picture, in dB. */
  readonly psnr: number;
}

const { golden, metadata } = readGolden("taming-trained.safetensors");
const cases: Record<string, Case> = JSON.parse(metadata.cases);

describe.each(Object.entries(backends))("on %s with trained weights", (_backend, use) => {
  test.for(Object.keys(cases))(
    "latents, codes and pixels of %s are taming-transformers'",
    async (name, context) => {
      await use(context);
      await expectNoLeak(async () => {
        const expected = under(golden, `${name}.`);
        const model = importTaming(under(expected, "weights."), cases[name].config);
        const { shape, data } = expected.pixels;
        const pixels = tf.tensor4d(Float32Array.from(data), shape as PixelShape);
        const decoded = await expectParity(model, pixels, expected);
        const reconstructed = model.reconstruct(pixels);
        const error = tf.tidy(() => tf.mean(tf.squaredDifference(reconstructed, pixels)));
        const [squared] = await error.data();
        expect(10 * Math.log10(4 / squared)).toBeCloseTo(cases[name].psnr, 1);
        tf.dispose([pixels, decoded, reconstructed, error]);
        model.dispose();
      });
    },
  );
});
