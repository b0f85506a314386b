import { type HostTensor, NuwaError } from "@nuwa/tensor3d";
import { readSafetensors } from "@nuwa/tensor3d/node";

/** Tensors and metadata of a safetensors file that holds numbers only. @throws NuwaError `FILE` */
export async function readTensors(
  path: string,
): Promise<{ tensors: Record<string, HostTensor>; metadata: Record<string, string> }> {
  const { tensors, metadata } = await readSafetensors(path);
  for (const [name, { data, dtype }] of Object.entries(tensors)) {
    if (!(data instanceof BigInt64Array) && !(data instanceof BigUint64Array)) continue;
    throw new NuwaError("FILE", `${path}: ${name}: wanted float or 32-bit whole numbers, got ${dtype}.`);
  }
  return { tensors: tensors as Record<string, HostTensor>, metadata };
}
