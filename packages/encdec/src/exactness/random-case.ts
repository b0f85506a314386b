import { type Grid, type Rng, tokenCount } from "@nuwa/tensor3d";
import type { Condition } from "../condition.ts";
import type { EncoderDecoderInput } from "../config.ts";
import type { GenerateBatchOptions } from "../generate.ts";
import { chance, pick, randomGrid, randomMask, randomPart } from "./random-grid.ts";
import { randomPattern } from "./random-pattern.ts";

/** A drawn model and what to generate with it. */
export interface RandomCase {
  /** For messages: everything that was drawn. */
  readonly name: string;
  readonly config: EncoderDecoderInput;
  readonly options: GenerateBatchOptions;
}

const textVocabulary = 5;
const sketchCodebookSize = 4;

/** The same case for the same stream. */
export function randomCase(rng: Rng): RandomCase {
  const config = randomConfig(rng.fork("config"));
  const options = randomOptions(rng.fork("options"), config);
  const known = options.known && { mask: options.known.mask.join("") };
  return { name: JSON.stringify({ ...config, ...options, known }), config, options };
}

function randomConfig(rng: Rng): EncoderDecoderInput {
  const heads = pick(rng, [1, 2, 3]);
  const decoderPattern = randomPattern(rng);
  const windowed = typeof decoderPattern === "object" && decoderPattern.kind === "nearby";
  const targetGrid = randomGrid(rng);
  const rotary = chance(rng, 0.3);
  return {
    dim: heads * (rotary ? pick(rng, [6, 8]) : pick(rng, [4, 5, 8])),
    heads,
    headDim: !rotary && chance(rng, 0.2) ? 3 : undefined,
    rotary,
    sandwichNorm: chance(rng, 0.3),
    feedForward: pick(rng, ["gelu", "gelu", "geglu", "swiglu"]),
    inputTables: chance(rng, 0.2) ? "shared" : "separate",
    visualConditions: true,
    encoderLayers: pick(rng, [0, 1, 1, 2]),
    decoderLayers: pick(rng, [1, 2, 3, 4]),
    codebookSize: pick(rng, [5, 16, 33]),
    textLength: pick(rng, [1, 3, 6]),
    textVocabulary,
    sketchCodebookSize,
    conditionGrid: chance(rng, 0.5) ? randomGrid(rng) : undefined,
    targetGrid,
    encoderPattern: randomPattern(rng),
    decoderPattern,
    crossPattern: chance(rng, 0.5) ? randomPattern(rng) : undefined,
    shift: pick(rng, ["axes", "axes", "row", "raster"]),
    relativeBias: windowed && chance(rng, 0.5),
    tiedHead: chance(rng, 0.3),
  };
}

function randomOptions(rng: Rng, config: EncoderDecoderInput): GenerateBatchOptions {
  const grid = randomPart(rng, config.targetGrid);
  const first = randomCondition(rng, config);
  const mixed = chance(rng, 0.5);
  const more = Array.from({ length: pick(rng, [0, 1, 2, 3, 5]) }, () =>
    mixed ? randomCondition(rng, config) : first,
  );
  return {
    conditions: [first, ...more],
    grid,
    known: chance(rng, 0.5) ? randomKnown(rng, grid, config.codebookSize, 1 + more.length) : undefined,
    guidance: pick(rng, [1, 1, 0, 2.5]),
    sampler: {
      temperature: pick(rng, [0, 0.5, 1, 1, 2]),
      topK: chance(rng, 0.4) ? pick(rng, [1, 3, 4, 40]) : undefined,
      topP: chance(rng, 0.4) ? pick(rng, [0.3, 0.7, 0.95]) : undefined,
      seed: rng.next(),
    },
  };
}

function randomCondition(
  rng: Rng,
  { textLength, conditionGrid, targetGrid, codebookSize }: EncoderDecoderInput,
): Condition {
  const kind = pick(rng, ["none", "text", "text", "sketch", "visual"] as const);
  if (kind === "none") return { kind };
  if (kind === "text") {
    const [length] = rng.integers(1, textLength);
    return { kind, tokens: rng.integers(1 + length, textVocabulary) };
  }
  if (kind === "visual") {
    const grid = randomPart(rng, targetGrid);
    const codes = rng.integers(tokenCount(grid), codebookSize);
    return { kind: grid.frames === 1 ? "image" : "video", grid, codes };
  }
  const grid = randomPart(rng, conditionGrid ?? targetGrid);
  return { kind, grid, codes: rng.integers(tokenCount(grid), sketchCodebookSize) };
}

/** Given tokens for all rows; half of the time each has codes of its own. */
function randomKnown(
  rng: Rng,
  grid: Grid,
  codebookSize: number,
  rows: number,
): GenerateBatchOptions["known"] {
  const codes = Array.from({ length: rows }, () => rng.integers(tokenCount(grid), codebookSize));
  return { mask: randomMask(rng, grid), codes: chance(rng, 0.5) ? codes : codes[0] };
}
