import { open } from "node:fs/promises";
import type * as tf from "@tensorflow/tfjs-core";
import { isNuwaError, NuwaError } from "../errors.ts";
import { type DecodedSafetensors, decodeSafetensors } from "../safetensors/decode.ts";
import { type EncodeOptions, encodeParts, type HostTensorData } from "../safetensors/encode.ts";
import { fileError } from "./file-error.ts";
import { writeAtomically } from "./write-atomically.ts";

/**
 * Reads a safetensors file.
 *
 * @throws NuwaError `FILE` that names the path
 */
export async function readSafetensors(path: string): Promise<DecodedSafetensors> {
  try {
    return decodeSafetensors(await readBytes(path));
  } catch (cause) {
    if (isNuwaError(cause)) throw new NuwaError(cause.code, `${path}: ${cause.message}`, { cause });
    throw fileError("read", path, cause);
  }
}

/**
 * Writes a safetensors file: under a temporary name, synced, then renamed, so that there is always a whole
 * file under `path`, the old or the new one. Folders that are missing are made.
 *
 * @throws NuwaError `FILE` that names the path, `INPUT` when a tensor cannot be written
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
  metadata?: Readonly<Record<string, string>>,
  options: EncodeOptions = {},
): Promise<void> {
  await writeAtomically(path, await encodeParts(tensors, metadata, options));
}

/** Unlike `readFile`, not limited to 2 GiB. */
async function readBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const bytes = new Uint8Array(size);
    let offset = 0;
    while (offset < size) {
      const { bytesRead } = await handle.read(bytes, offset, Math.min(size - offset, 2 ** 28), offset);
      if (bytesRead === 0) break;
      offset += bytesRead;
    }
    return bytes.subarray(0, offset);
  } finally {
    await handle.close();
  }
}
