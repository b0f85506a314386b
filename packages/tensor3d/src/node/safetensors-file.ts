import type * as tf from "@tensorflow/tfjs-core";
import { type DecodedSafetensors, decodeSafetensors } from "../safetensors/decode.ts";
import { type EncodeOptions, encodeInParts, type HostTensorData } from "../safetensors/encode.ts";
import { decodeFile } from "./read-bytes.ts";
import { writeAtomically } from "./write-atomically.ts";

/**
 * Reads a safetensors file.
 *
 * @throws NuwaError `FILE` that names the path
 */
export function readSafetensors(path: string): Promise<DecodedSafetensors> {
  return decodeFile(path, decodeSafetensors);
}

/**
 * Writes a safetensors file: under a temporary name, synced, then renamed, so that there is always a whole
 * file under `path`, the old or the new one. Folders that are missing are made. Tensors are read back one by one.
 *
 * @throws NuwaError `FILE` that names the path, `INPUT` when a tensor cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
  metadata?: Readonly<Record<string, string>>,
  options: EncodeOptions = {},
): Promise<void> {
  await encodeInParts(tensors, metadata, options, (parts) => writeAtomically(path, parts));
}
