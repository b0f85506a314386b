import type { Grid } from "@nuwa/tensor3d";
import { conditionTables } from "./condition-tables.ts";
import { type EncoderDecoderConfig, feedForwardDimOf, headDimOf } from "./config.ts";
import { offsetCount } from "./relative-bias.ts";
import { shiftInputs } from "./shift.ts";

export interface ParameterCounts {
  /** Encoder and decoder: what papers call a model's size. */
  readonly blocks: number;
  /** Tables of tokens and positions. */
  readonly embeddings: number;
  readonly head: number;
  readonly total: number;
}

/** How many parameters a model of a config has, from its shapes alone: nothing is allocated. */
export function parameterCounts(config: EncoderDecoderConfig): ParameterCounts {
  const { dim, encoderLayers, decoderLayers, codebookSize } = config;
  const encoder = encoderLayers * encoderBlock(config) + norm(dim);
  const decoder = decoderLayers * decoderBlock(config) + norm(dim);
  const blocks = encoder + decoder;
  const embeddings = embeddingRows(config) * dim;
  const head = dim * codebookSize;
  return { blocks, embeddings, head, total: blocks + embeddings + head };
}

function encoderBlock(config: EncoderDecoderConfig): number {
  return attention(config) + feedForward(config) + norms(config);
}

function decoderBlock(config: EncoderDecoderConfig): number {
  const bias = config.relativeBias ? config.heads * offsetCount(config) : 0;
  return 2 * attention(config) + bias + feedForward(config) + norms(config);
}

function attention(config: EncoderDecoderConfig): number {
  const { dim, heads } = config;
  return 4 * dim * heads * headDimOf(config) + dim; // query, key, value and output; only the last has a bias
}

function feedForward(config: EncoderDecoderConfig): number {
  const { dim } = config;
  const hidden = feedForwardDimOf(config);
  const expanded = config.feedForward === "gelu" ? hidden : 2 * hidden;
  return (dim + 1) * expanded + (hidden + 1) * dim;
}

const norms = ({ dim, sandwichNorm }: EncoderDecoderConfig) => (sandwichNorm ? 4 : 2) * norm(dim);
const norm = (dim: number) => 2 * dim;

function embeddingRows(config: EncoderDecoderConfig): number {
  const { codebookSize, inputTables, shift, targetGrid } = config;
  const inputs = inputTables === "shared" ? 1 : shiftInputs[shift].length;
  const targets = inputs * (codebookSize + 1) + positions(targetGrid);
  const conditions = Object.values(conditionTables(config)).map(({ count, grid }) => count + positions(grid));
  return conditions.reduce((sum, rows) => sum + rows, targets);
}

const positions = ({ height, width, frames }: Grid) => height + width + frames;
