import { type DecodedTensor, decodeSafetensors, NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";

type Role = "in" | "out" | "seed" | "grad";

/** The tensors of one case by their role and number. */
export type CaseTensors = Readonly<Record<Role, readonly (DecodedTensor | undefined)[]>>;

/**
 * Sorts the tensors that tooling/oracle/conformance.py wrote (`<case>.in0`, `<case>.grad1`, ...) by case.
 *
 * @throws NuwaError `FILE` when a key is of another form
 */
export function readFixture(bytes: Uint8Array): Map<string, CaseTensors> {
  const byCase = new Map<string, Record<Role, DecodedTensor[]>>();
  for (const [key, tensor] of Object.entries(decodeSafetensors(bytes).tensors)) {
    const [, name, role, index] = /^(.*)\.(in|out|seed|grad)(\d+)$/.exec(key) ?? [];
    if (name === undefined)
      throw new NuwaError("FILE", `conformance fixture: unknown key "${key}". Write it again.`);
    const entry = byCase.get(name) ?? { in: [], out: [], seed: [], grad: [] };
    entry[role as Role][Number(index)] = tensor;
    byCase.set(name, entry);
  }
  return byCase;
}

/** A tensor of the fixture on the current backend. */
export function upload({ dtype, shape, data }: DecodedTensor): tf.Tensor {
  return tf.tensor(data as Float32Array | Int32Array, shape, dtype === "F32" ? "float32" : "int32");
}
