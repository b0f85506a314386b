import { createHash } from "node:crypto";
import { serialize } from "node:v8";
import type { FunctionBody } from "./function-body.ts";

/** What a tensor holds, as the binding reads it. */
export interface ConstantContent {
  readonly shape: readonly number[];
  readonly values: unknown;
}

/**
 * A name that only functions share which do the same: same operations, attributes, constants and shapes, whatever the
 * numbers of their values.
 *
 * @param contentOf gives a constant's content by the binding's id
 */
export function functionName(body: FunctionBody, contentOf: (id: number) => ConstantContent): string {
  const { inputs, constants, operations, outputs, xla } = body;
  const places = new Map<number, number>();
  for (const { value } of [...inputs, ...constants]) places.set(value, places.size);
  for (const { outputs } of operations) for (const value of outputs) places.set(value, places.size);
  const placed = (values: readonly number[]) => Array.from(values, (value) => places.get(value));
  const content = {
    inputs: inputs.map(({ shape, dtype }) => [Array.from(shape), dtype]),
    constants: constants.map(({ id, dtype }) => [dtype, contentOf(id)]),
    operations: operations.map(({ name, attributes, inputs, outputs }) => [
      name,
      attributes,
      placed(inputs),
      outputs.length,
    ]),
    outputs: placed(outputs),
    xla,
  };
  return `nuwa_step_${createHash("sha256").update(serialize(content)).digest("hex").slice(0, 32)}`;
}
