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

/** What the two kinds of folder share. */
const common = z.object({
  name: z.string(),
  data: z.record(z.string(), z.unknown()),
  tokenizer: z.record(z.string(), z.unknown()),
});

const readable = z.discriminatedUnion("format", [
  common.extend({
    format: z.literal("nuwa-tokenizer"),
    version: z.literal(1),
    input: z.enum(TOKENIZER_INPUTS),
    training: z.object({ steps: z.number().nonnegative(), seconds: z.number().nonnegative() }),
  }),
  common.extend({ format: z.literal("nuwa-model"), version: z.literal(1) }),
]);

/** Writes the folder whole or not at all, over an older tokenizer. @throws NuwaError `FILE` */
export async function saveTokenizer(path: string, tokenizer: Required<ImageTokenizer>): Promise<void> {
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
    await writeSafetensors(join(folder, IMAGE_TOKENIZER), saveParams(model));
  });
}

/**
 * Reads a tokenizer folder, or the image tokenizer of a whole model folder. The caller disposes its `model`.
 *
 * @throws NuwaError `FILE`, `CONFIG` or `CHECKPOINT` naming the file that is missing, damaged or does not fit
 */
export async function loadTokenizer(path: string): Promise<ImageTokenizer> {
  const file = join(path, CONFIG);
  const content = (await readJson(file)) as { format?: unknown; version?: unknown } | null;
  const result = readable.safeParse(content);
  if (!result.success) {
    const { format, version } = content ?? {};
    const got = `format ${JSON.stringify(format)}, version ${JSON.stringify(version)}`;
    throw new NuwaError(
      "FILE",
      `${file}: wanted format "nuwa-tokenizer" or "nuwa-model", version 1, got ${got}: ` +
        `${z.prettifyError(result.error)}`,
      { hint: "Give the folder of a tokenizer or of a whole model that `nuwa train` wrote." },
    );
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
