import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { fileError } from "@nuwa/tensor3d/node";
import { OpenMojiFeatures } from "./openmoji-features.ts";

const shipped = new URL("../weights/openmoji-features-1.safetensors", import.meta.url);

/**
 * Reads the weights that this package ships, or others that its training script wrote. They are CC BY-SA 4.0, made from
 * OpenMoji's drawings.
 *
 * @returns the network, which the caller disposes
 * @throws NuwaError `FILE` when the file is missing or damaged
 */
export async function readOpenMojiFeatures(file: string = fileURLToPath(shipped)): Promise<OpenMojiFeatures> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (cause) {
    throw fileError("read the weights", file, cause);
  }
  return OpenMojiFeatures.load(bytes);
}
