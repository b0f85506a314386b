import type * as tf from "@tensorflow/tfjs-core";
import type { AttentionAttributes, AttentionInputs } from "../kernel.ts";
import { layoutOf, type RowLayout } from "../layout.ts";
import type { ProgramInput } from "./run-program.ts";
import { type Tile, tileOf } from "./tile.ts";
import type { WebgpuBackend } from "./webgpu-backend.ts";

/** What all programs of one forward or gradient call share. */
export interface Call {
  readonly backend: WebgpuBackend;
  readonly inputs: AttentionInputs;
  readonly attributes: AttentionAttributes;
  readonly queries: RowLayout;
  readonly keys: RowLayout;
  readonly tile: Tile;
}

export function callOf(
  backend: tf.KernelBackend,
  inputs: AttentionInputs,
  attributes: AttentionAttributes,
): Call {
  const queries = layoutOf(inputs.query, attributes.heads);
  const webgpu = backend as unknown as WebgpuBackend;
  const onCpu = webgpu.adapterInfo?.architecture === "swiftshader";
  return {
    backend: webgpu,
    inputs,
    attributes,
    queries,
    keys: layoutOf(inputs.key, attributes.heads),
    tile: tileOf(queries.headDim, onCpu),
  };
}

/** Tensors of rows, read in units. */
export function rowInputs({ tile }: Call, tensors: Readonly<Record<string, tf.TensorInfo>>): ProgramInput[] {
  return Object.entries(tensors).map(([name, info]) => ({ name, info, components: tile.width }));
}

/** The table and, where there is one, the bias. */
export function tableInputs({ inputs }: Call, table: tf.TensorInfo): ProgramInput[] {
  const input = { name: "table", info: table, components: 1 };
  return inputs.bias ? [input, { name: "bias", info: inputs.bias, components: 1 }] : [input];
}

export function programKey({ tile, inputs }: Call, name: string): string {
  return `${name}-${tile.headDim}x${tile.lanes}${inputs.bias ? "-bias" : ""}`;
}
