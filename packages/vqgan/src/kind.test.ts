import { isNuwaError } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { parseVqConfig, type VqConfigInput } from "./config.ts";

const sizes = { resolution: 8, embeddingDim: 3, codebookSize: 4 };

const architectures: VqConfigInput[] = [
  { ...sizes, patch: 2, channels: [4], encoderBlocks: [0], decoderBlocks: [0] },
  { ...sizes, architecture: "taming", channels: 32, multipliers: [1, 1], blocks: 1, latentDim: 4 },
];

describe.each(architectures)("kinds of $architecture", (config) => {
  test("a VQ-VAE of 3 channels by default", () => {
    const parsed = parseVqConfig(config);
    expect(parsed).toMatchObject({ kind: "vq-vae", inChannels: 3 });
    expect(parsed).not.toHaveProperty("classes");
    expect(parseVqConfig({ ...config, kind: "vq-gan", inChannels: 1 })).toMatchObject({
      kind: "vq-gan",
      inChannels: 1,
    });
  });

  test("a VQ-GAN-Seg has as many channels as classes, and comes back from JSON", () => {
    const parsed = parseVqConfig({ ...config, kind: "vq-gan-seg", classes: 5 });
    expect(parsed).toMatchObject({ kind: "vq-gan-seg", classes: 5, inChannels: 5 });
    expect(parseVqConfig(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  test.each([
    [{ kind: "vq-gan-seg" }, 'the kind "vq-gan-seg" wants the number of classes, got none'],
    [{ kind: "vq-gan-seg", inChannels: 5 }, 'the kind "vq-gan-seg" wants the number of classes, got none'],
    [{ kind: "vq-gan-seg", classes: 1 }, "classes"],
    [{ kind: "vq-gan-seg", classes: 5, inChannels: 3 }, "must be classes, 5, got 3. Leave it out"],
    [{ classes: 5 }, 'belongs to the kind "vq-gan-seg", got "vq-vae". Leave it out'],
    [{ kind: "vq-gan", classes: 5 }, 'belongs to the kind "vq-gan-seg", got "vq-gan". Leave it out'],
    [{ kind: "vq-seg", classes: 5 }, "kind"],
  ])("%j is refused", (changes, message) => {
    const error = errorOf(() => parseVqConfig({ ...config, ...changes }));
    expect(error).toMatchObject({ code: "CONFIG", message: expect.stringContaining(message) });
  });
});

test("the decoder of classes cannot have other channels", () => {
  const changes = { kind: "vq-gan-seg", classes: 5, outChannels: 3 };
  expect(() => parseVqConfig({ ...architectures[1], ...changes })).toThrow("must be classes, 5, got 3");
});

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    if (isNuwaError(error)) return error;
    throw error;
  }
  throw new Error("wanted an error");
}
