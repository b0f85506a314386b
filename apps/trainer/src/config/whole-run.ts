import { NuwaError } from "@nuwa/tensor3d";
import type { RunConfig, WholeRunConfig } from "./schema.ts";

/** @throws NuwaError `CONFIG` where the config has no transformer, or its tokenizer reads no pixels */
export function wholeRun(config: RunConfig): WholeRunConfig {
  const { name, tokenizer, transformer } = config;
  if (!transformer) {
    throw new NuwaError(
      "CONFIG",
      `The config "${name}" has no section "transformer", which says what to train.`,
      {
        hint: "It trains a tokenizer alone: nuwa train tokenizer.",
      },
    );
  }
  if (tokenizer.input !== "pixels") {
    throw new NuwaError(
      "CONFIG",
      `The config "${name}" has a transformer, whose tokenizer must read pixels, got the input "${tokenizer.input}".`,
    );
  }
  return { ...config, transformer };
}
