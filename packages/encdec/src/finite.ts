import { NuwaError, namedParams } from "@nuwa/tensor3d";
import type { EncoderDecoder } from "./model.ts";

/** Whether no value is NaN or infinite: one pass without branches, for it is done at every decoding step. */
export function allFinite(values: Float32Array): boolean {
  let zero = 0;
  for (let index = 0; index < values.length; index++) zero += values[index] * 0;
  return zero === 0;
}

/** Why a model's logits are not finite: the first of its parameters that is not, in the order of the model. */
export async function notFinite(where: string, model: EncoderDecoder): Promise<NuwaError> {
  for (const [name, parameter] of Object.entries(namedParams(model))) {
    const values = (await parameter.data()) as Float32Array;
    if (allFinite(values)) continue;
    const first = values.findIndex((value) => !Number.isFinite(value));
    const count = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
    return new NuwaError(
      "CHECKPOINT",
      `${where}: wanted finite weights, got ${values[first]} at ${first} of ${name} [${parameter.shape.join(", ")}], where ${count} of ${values.length} values are not finite. Load an earlier checkpoint, and train on with a lower learning rate.`,
    );
  }
  return new NuwaError(
    "CHECKPOINT",
    `${where}: the logits are not finite although every weight is: sums between the layers overflow. Load an earlier checkpoint, and train on with a lower learning rate or sandwichNorm.`,
  );
}
