import { readFileSync } from "node:fs";
import { decodeSafetensors, encodeSafetensors, type HostTensor, isNuwaError, Rng } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import { beforeAll, expect, test } from "vitest";
import { VqModel } from "../model.ts";
import { exportTaming, importTaming } from "./taming.ts";

beforeAll(useCpu);

// Names and shapes as PyTorch's `state_dict` has them.
const { metadata } = decodeSafetensors(
  readFileSync(new URL("../fixtures/taming.safetensors", import.meta.url)),
);
const cases: Record<string, { config: object; weights: Record<string, { shape: number[] }> }> = JSON.parse(
  metadata.cases,
);

const config = {
  architecture: "taming",
  resolution: 16,
  channels: 32,
  multipliers: [1, 1],
  blocks: 1,
  latentDim: 4,
  embeddingDim: 2,
  codebookSize: 8,
} as const;

test.each(Object.keys(cases))("the keys and shapes of %s are those of taming-transformers", (name) =>
  expectNoLeak(async () => {
    const model = VqModel.create({ architecture: "taming", ...cases[name].config } as never);
    const shapes = Object.entries(await exportTaming(model)).map(([key, { shape }]) => [key, shape]);
    const wanted = Object.entries(cases[name].weights).map(([key, { shape }]) => [key, shape]);
    expect(Object.fromEntries(shapes)).toEqual(Object.fromEntries(wanted));
    model.dispose();
  }),
);

test("what is exported comes back through a file; loss networks are left alone", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(1));
    const { tensors } = decodeSafetensors(await encodeSafetensors(await exportTaming(model)));
    const discriminator = { shape: [1], data: new Float32Array(1) };
    const all = { ...tensors, "loss.discriminator.main.0.bias": discriminator, colorize: discriminator };
    const again = importTaming(all, config);
    const [before, after] = [model.save().tensors, again.save().tensors];
    expect(Object.keys(after)).toEqual(Object.keys(before));
    for (const [key, tensor] of Object.entries(after)) {
      await expectClose(tensor, before[key === "quantizer.sums" ? "quantizer.codebook" : key], {});
    }
    model.dispose();
    again.dispose();
  }));

test("a saved model loads as every other one", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(2));
    const { config: saved, tensors } = model.save();
    const bytes = await encodeSafetensors(tensors);
    const again = VqModel.load(JSON.parse(JSON.stringify(saved)), decodeSafetensors(bytes).tensors);
    for (const [key, tensor] of Object.entries(again.save().tensors))
      await expectClose(tensor, tensors[key], {});
    model.dispose();
    again.dispose();
  }));

test("one error names every key that does not fit", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config);
    const tensors: Record<string, HostTensor> = await exportTaming(model);
    model.dispose();
    delete tensors["encoder.mid.attn_1.q.weight"];
    tensors["encoder.conv_in.weight"] = { shape: [3, 3, 3, 32], data: new Float32Array(864) };
    tensors["quantize.embed.weight"] = { shape: [8, 2], data: new Float32Array(16) };
    let error: unknown;
    try {
      importTaming(tensors, config);
    } catch (caught) {
      error = caught;
    }
    if (!isNuwaError(error)) throw new Error("wanted a NuwaError");
    expect(error.code).toBe("CHECKPOINT");
    expect(error.message).toContain("importTaming: 3 of the keys do not fit");
    expect(error.message).toContain("missing encoder.mid.attn_1.q.weight [32, 32, 1, 1]");
    expect(error.message).toContain("encoder.conv_in.weight: wanted [32, 3, 3, 3], got [3, 3, 3, 32]");
    expect(error.message).toContain("unexpected quantize.embed.weight [8, 2]");
  }));

test("the quantizer may be trained by gradients, but its codes must be nearest vectors", () =>
  expectNoLeak(async () => {
    const model = VqModel.create(config, new Rng(3));
    const tensors = await exportTaming(model);
    const again = importTaming(tensors, { ...config, quantizer: { kind: "codebook" } });
    expect(again.quantizer.name).toBe("codebook");
    expect(await exportTaming(again)).toEqual(tensors);
    const cosine = { ...config, quantizer: { kind: "cosine" } } as const;
    expect(() => importTaming(tensors, cosine)).toThrow(
      'wanted the quantizer "ema" or "codebook", got "cosine"',
    );
    model.dispose();
    again.dispose();
  }));

test("a VQ-GAN-Seg has the same keys, reads and writes as many channels as classes, and comes back", () =>
  expectNoLeak(async () => {
    const seg = { ...config, kind: "vq-gan-seg", classes: 5 } as const;
    const [pixelwise, model] = [VqModel.create(config, new Rng(1)), VqModel.create(seg, new Rng(1))];
    const [ofPixels, tensors] = [await exportTaming(pixelwise), await exportTaming(model)];
    expect(Object.keys(tensors)).toEqual(Object.keys(ofPixels));
    expect(tensors["encoder.conv_in.weight"].shape).toEqual([32, 5, 3, 3]);
    expect(tensors["decoder.conv_out.weight"].shape).toEqual([5, 32, 3, 3]);
    const again = importTaming(tensors, seg);
    expect(await exportTaming(again)).toEqual(tensors);
    const refused =
      /3 of the keys do not fit[\s\S]*encoder.conv_in.weight: wanted \[32, 5, 3, 3\], got \[32, 3, 3, 3\]/;
    expect(() => importTaming(ofPixels, seg)).toThrow(refused);
    pixelwise.dispose();
    model.dispose();
    again.dispose();
  }));

test("models of another kind are not exported", () =>
  expectNoLeak(async () => {
    const sizes = { encoderBlocks: [0], decoderBlocks: [0], embeddingDim: 2, codebookSize: 2 };
    const local = VqModel.create({ resolution: 8, channels: [4], ...sizes });
    await expect(exportTaming(local)).rejects.toThrow('got "local" with "ema"');
    const { codebookSize: _, ...rest } = config;
    const fsq = VqModel.create({ ...rest, quantizer: { kind: "fsq", levels: [3, 3] } });
    await expect(exportTaming(fsq)).rejects.toThrow('got "taming" with "fsq"');
    local.dispose();
    fsq.dispose();
  }));
