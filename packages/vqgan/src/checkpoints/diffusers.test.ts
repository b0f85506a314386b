import { readFileSync } from "node:fs";
import { decodeSafetensors, encodeSafetensors, type HostTensor, isNuwaError } from "@nuwa/tensor3d";
import { expectClose, expectNoLeak, useCpu } from "@nuwa/testing";
import { beforeAll, expect, test } from "vitest";
import { type HashedWeights, hashedWeights } from "../fixtures/hashed-weights.ts";
import { VqModel } from "../model.ts";
import { importDiffusers } from "./diffusers.ts";
import { type DiffusersVqConfig, fromDiffusersConfig } from "./diffusers-config.ts";
import { exportTaming } from "./taming.ts";

beforeAll(useCpu);

const { metadata } = decodeSafetensors(
  readFileSync(new URL("../fixtures/diffusers.safetensors", import.meta.url)),
);
const cases: Record<string, { config: DiffusersVqConfig; weights: HashedWeights }> = JSON.parse(
  metadata.cases,
);
const { config } = cases.attention;
const weightsOf = (name: string) => hashedWeights(Number(metadata.seed), cases[name].weights);

function errorOf(action: () => unknown) {
  try {
    action();
  } catch (error) {
    if (isNuwaError(error)) return error;
    throw error;
  }
  throw new Error("wanted a NuwaError");
}

test("the fields of a config", () => {
  expect(fromDiffusersConfig(config)).toEqual({
    architecture: "taming",
    resolution: 32,
    inChannels: 3,
    outChannels: 3,
    channels: 32,
    multipliers: [1, 2],
    blocks: 2,
    attentionResolutions: [16],
    middleAttention: true,
    latentDim: 6,
    embeddingDim: 4,
    codebookSize: 24,
  });
  expect(fromDiffusersConfig(cases.plain.config)).toMatchObject({
    multipliers: [1, 1, 2, 3],
    attentionResolutions: [],
    embeddingDim: 8, // latent_channels
  });
  expect(fromDiffusersConfig(cases.bare.config).middleAttention).toBe(false);
});

test("what a config leaves out is as in diffusers", () => {
  expect(fromDiffusersConfig({})).toMatchObject({
    resolution: 32,
    channels: 64,
    multipliers: [1],
    blocks: 1,
    latentDim: 3,
    embeddingDim: 3,
    codebookSize: 256,
  });
});

test.each<[DiffusersVqConfig, string]>([
  [{ norm_type: "spatial" }, "norm_type"],
  [{ act_fn: "gelu" }, "act_fn"],
  [{ norm_num_groups: 16 }, "norm_num_groups"],
  [{ _class_name: "AutoencoderKL" }, "_class_name"],
  [{ down_block_types: ["DownEncoderBlock2D", "CrossAttnDownBlock2D"] }, "down_block_types"],
  [{ down_block_types: ["DownEncoderBlock2D"] }, "down_block_types"],
  [{ up_block_types: ["UpDecoderBlock2D", "AttnUpDecoderBlock2D"] }, "up_block_types"],
  [{ block_out_channels: [48, 96] }, "block_out_channels"],
  [{ block_out_channels: [64, 96] }, "block_out_channels"],
  [{ sample_size: 33 }, "sample_size"],
  [{ layers_per_block: 0 }, "layers_per_block"],
  [{ dropout: 0.1 }, "dropout"],
])("%j is refused by its name", (changes, field) => {
  const error = errorOf(() => importDiffusers({}, { ...config, ...changes }));
  expect(error.code).toBe("CONFIG");
  expect(error.message).toContain(field);
});

test("every wrong field is named at once", () => {
  const changes = { norm_type: "spatial", act_fn: "gelu", sample_size: 0 };
  const { message } = errorOf(() => importDiffusers({}, { ...config, ...changes }));
  for (const field of Object.keys(changes)) expect(message).toContain(field);
});

test("older names of the attention layers mean the same", () =>
  expectNoLeak(async () => {
    const older = { to_q: "query", to_k: "key", to_v: "value", "to_out.0": "proj_attn" };
    const weights = weightsOf("attention");
    const renamed = Object.entries(weights).map(([name, tensor]) => {
      const [now, then] = Object.entries(older).find(([now]) => name.includes(`.${now}.`)) ?? ["", ""];
      return [now ? name.replace(`.${now}.`, `.${then}.`) : name, tensor];
    });
    expect(renamed.filter(([name]) => (name as string).includes(".proj_attn."))).toHaveLength(
      2 * (2 + 2 + 3),
    );
    const [today, before] = [weights, Object.fromEntries(renamed)].map((tensors) =>
      importDiffusers(tensors, config),
    );
    const expected = today.save().tensors;
    for (const [key, tensor] of Object.entries(before.save().tensors))
      await expectClose(tensor, expected[key], {});
    today.dispose();
    before.dispose();
  }));

test("one error names every key that does not fit", () =>
  expectNoLeak(() => {
    const tensors: Record<string, HostTensor> = weightsOf("attention");
    delete tensors["encoder.mid_block.attentions.0.to_q.weight"];
    tensors["encoder.conv_in.weight"] = { shape: [3, 3, 3, 32], data: new Float32Array(864) };
    tensors["decoder.up_blocks.0.attentions.0.to_v.weight"] = {
      shape: [64, 64, 1, 1],
      data: new Float32Array(4096),
    };
    // Its name of today is there too.
    tensors["decoder.mid_block.attentions.0.key.bias"] = { shape: [64], data: new Float32Array(64) };
    const { code, message } = errorOf(() => importDiffusers(tensors, config));
    expect(code).toBe("CHECKPOINT");
    expect(message).toContain("importDiffusers: 4 of the keys do not fit");
    expect(message).toContain("missing encoder.mid_block.attentions.0.to_q.weight [64, 64]");
    expect(message).toContain("encoder.conv_in.weight: wanted [32, 3, 3, 3], got [3, 3, 3, 32]");
    expect(message).toContain("to_v.weight: wanted [64, 64], got [64, 64, 1, 1]");
    expect(message).toContain("unexpected decoder.mid_block.attentions.0.key.bias [64]");
  }));

test("a model without attention in the middle is saved and loaded, but is none of taming-transformers", () =>
  expectNoLeak(async () => {
    const model = importDiffusers(weightsOf("bare"), cases.bare.config);
    const { config: saved, tensors } = model.save();
    expect(Object.keys(tensors).filter((key) => key.includes(".attention."))).toEqual([]);
    const bytes = await encodeSafetensors(tensors);
    const again = VqModel.load(JSON.parse(JSON.stringify(saved)), decodeSafetensors(bytes).tensors);
    for (const [key, tensor] of Object.entries(again.save().tensors))
      await expectClose(tensor, tensors[key], {});
    await expect(exportTaming(model)).rejects.toThrow("got middleAttention: false");
    model.dispose();
    again.dispose();
  }));
