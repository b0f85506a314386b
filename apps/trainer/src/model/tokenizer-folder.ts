import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { NuwaError, saveParams } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import type { VqConfig, VqModel } from "@nuwa/vqgan";
import { z } from "zod";
import type { RunConfig } from "../config/schema.ts";
import { replaceFolder } from "../files/replace-folder.ts";
import { LICENSE_TEXT } from "./license.ts";
import { CONFIG, IMAGE_TOKENIZER, LICENSE, readImageTokenizer, readJson } from "./model-files.ts";
import { TOKENIZER_INPUTS, type TokenizerInput } from "./tokenizer-input.ts";
import { storedAs, type WeightType } from "./weight-type.ts";

/** An image tokenizer with what it was trained on. */
export interface ImageTokenizer {
  readonly name: string;
  readonly input: TokenizerInput;
  /** The data that it was trained on. */
  readonly data: RunConfig["data"];
  readonly model: VqModel;
  /** How long it was trained; absent where it comes from a whole model, which does not say. */
  readonly training?: { readonly steps: number; readonly seconds: number };
}

interface TokenizerFile extends Required<Omit<ImageTokenizer, "model">> {
  readonly format: "nuwa-tokenizer";
  readonly version: 1;
  readonly tokenizer: VqConfig;
}

/** A message that says what came. */
const wanted = (what: string, field?: string) => ({
  error: ({ input }: { readonly input?: unknown }) => {
    const got = field === undefined ? input : (input as Record<string, unknown> | null)?.[field];
    return `wanted ${what}, got ${JSON.stringify(got)}`;
  },
});

/** What the two kinds of folder share. */
const common = z.object({
  version: z.literal(1, wanted("1")),
  name: z.string(),
  data: z.record(z.string(), z.unknown()),
  tokenizer: z.record(z.string(), z.unknown()),
});

const readable = z.discriminatedUnion(
  "format",
  [
    common.extend({
      format: z.literal("nuwa-tokenizer"),
      input: z.enum(TOKENIZER_INPUTS, wanted('"pixels", "sketch" or "segmentation"')),
      training: z.object({ steps: z.number().nonnegative(), seconds: z.number().nonnegative() }),
    }),
    common.extend({ format: z.literal("nuwa-model") }),
  ],
  wanted('the format "nuwa-tokenizer" or "nuwa-model"', "format"),
);

/** Writes the folder whole or not at all, over an older tokenizer. @throws NuwaError `FILE` */
export async function saveTokenizer(
  path: string,
  tokenizer: Required<ImageTokenizer>,
  weights: WeightType = "float32",
): Promise<void> {
  const { name, input, data, model, training } = tokenizer;
  const config: TokenizerFile = {
    format: "nuwa-tokenizer",
    version: 1,
    name,
    input,
    data,
    tokenizer: model.config,
    training,
  };
  await replaceFolder(path, [CONFIG], async (folder) => {
    await writeFile(join(folder, CONFIG), `${JSON.stringify(config, null, 2)}\n`);
    await writeFile(join(folder, LICENSE), LICENSE_TEXT);
    await writeSafetensors(join(folder, IMAGE_TOKENIZER), saveParams(model), {}, storedAs(weights));
  });
}

/**
 * Reads a tokenizer folder, or the image tokenizer of a whole model folder. The caller disposes its `model`.
 *
 * @throws NuwaError `FILE`, `CONFIG` or `CHECKPOINT` naming the file that is missing, damaged or does not fit
 */
export async function loadTokenizer(path: string): Promise<ImageTokenizer> {
  const file = join(path, CONFIG);
  const result = readable.safeParse(await readJson(file));
  if (!result.success) {
    throw new NuwaError("FILE", `${file}: ${z.prettifyError(result.error)}`, {
      hint: "Give the folder of a tokenizer or of a whole model that `nuwa train` wrote.",
    });
  }
  const { data: config } = result;
  const model = await readImageTokenizer(path, config.tokenizer);
  const { name, data } = config;
  const input = config.format === "nuwa-model" ? "pixels" : config.input;
  const { kind } = model.config;
  if ((kind === "vq-gan-seg") === (input === "pixels")) {
    model.dispose();
    const reads = kind === "vq-gan-seg" ? '"sketch" or "segmentation"' : '"pixels"';
    throw new NuwaError("FILE", `${file}: a ${kind} reads ${reads}, got the input "${input}".`);
  }
  return config.format === "nuwa-model"
    ? { name, data, input, model }
    : { name, data, input, training: config.training, model };
}
