import type { Rng } from "@nuwa/tensor3d";
import { CodebookQuantizer } from "./codebook.ts";
import type { QuantizerConfig } from "./config.ts";
import { CosineQuantizer } from "./cosine.ts";
import { EmaQuantizer } from "./ema.ts";
import { FsqQuantizer } from "./fsq.ts";
import { LfqQuantizer } from "./lfq.ts";
import type { Quantizer } from "./quantizer.ts";

interface QuantizerOptions {
  readonly quantizer: QuantizerConfig;
  readonly codebookSize: number;
  readonly embeddingDim: number;
}

/** The quantizer that a tokenizer's config asks for. */
export function createQuantizer(config: QuantizerOptions, rng: Rng): Quantizer {
  const { quantizer, codebookSize: codeCount, embeddingDim: dim } = config;
  switch (quantizer.kind) {
    case "ema":
      return new EmaQuantizer({ ...quantizer, codeCount, dim }, rng);
    case "codebook":
      return new CodebookQuantizer({ ...quantizer, codeCount, dim }, rng);
    case "cosine":
      return new CosineQuantizer({ ...quantizer, codeCount, dim }, rng);
    case "fsq":
      return new FsqQuantizer({ ...quantizer, dim }, rng);
    case "lfq":
      return new LfqQuantizer({ ...quantizer, dim }, rng);
  }
}
