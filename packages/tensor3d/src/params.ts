import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";

/**
 * Something with parameters: variables in `params`, sub-layers (or arrays of them) as plain properties.
 * Whoever constructs a layer disposes it.
 */
export interface Layer {
  dispose(): void;
}

/** A tensor on the host. `data` holds the values in row-major order. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | ArrayLike<bigint>;
}

/**
 * The variables of a layer and its sub-layers by property path, without the word `params`:
 * `decoder.blocks.3.attention.query.weight`. What is reached by two paths is listed under the first.
 */
export function namedParams(layer: object): Record<string, tf.Variable> {
  const found: Record<string, tf.Variable> = {};
  collect(layer, "", found, new Set());
  return found;
}

/** How many numbers the variables of a layer hold. */
export function parameterCount(layer: object): number {
  return Object.values(namedParams(layer)).reduce((sum, variable) => sum + variable.size, 0);
}

/** The variables themselves, by property path, for `encodeSafetensors`. The layer keeps owning them. */
export function saveParams(layer: object): Record<string, tf.Tensor> {
  return namedParams(layer);
}

/**
 * Assigns `tensors` to the variables of a layer.
 *
 * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key; nothing is assigned then
 */
export function loadParams(layer: object, tensors: Readonly<Record<string, HostTensor>>): void {
  assignVariables("loadParams", namedParams(layer), tensors);
}

/** Disposes every variable of a layer and its sub-layers. */
export function disposeParams(layer: object): void {
  tf.dispose(Object.values(namedParams(layer)));
}

/** Assigns host tensors to variables of the same keys and shapes, all of them or, with an error, none. */
export function assignVariables(
  where: string,
  variables: Readonly<Record<string, tf.Variable>>,
  tensors: Readonly<Record<string, HostTensor>>,
): void {
  checkHostTensors(where, variables, tensors);
  tf.tidy(() => {
    for (const [key, variable] of Object.entries(variables)) {
      variable.assign(fromHost(tensors[key], variable.dtype));
    }
  });
}

/**
 * Compares keys and shapes only.
 *
 * @param where for the message
 * @param variables what is wanted, by key
 * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key
 */
export function checkHostTensors(
  where: string,
  variables: Readonly<Record<string, Pick<tf.Tensor, "shape" | "size">>>,
  tensors: Readonly<Record<string, HostTensor>>,
): void {
  const problems: string[] = [];
  for (const [key, variable] of Object.entries(variables)) {
    const tensor = Object.hasOwn(tensors, key) ? tensors[key] : undefined;
    if (tensor === undefined) problems.push(`missing ${key} [${variable.shape.join(", ")}]`);
    else if (tensor.shape.join() !== variable.shape.join() || tensor.data.length !== variable.size) {
      problems.push(
        `${key}: wanted [${variable.shape.join(", ")}], got [${tensor.shape.join(", ")}] with ${tensor.data.length} values`,
      );
    }
  }
  for (const key of Object.keys(tensors)) {
    if (!Object.hasOwn(variables, key)) problems.push(`unexpected ${key} [${tensors[key].shape.join(", ")}]`);
  }
  if (problems.length > 0) {
    throw new NuwaError(
      "CHECKPOINT",
      `${where}: ${problems.length} of the keys do not fit: ${problems.join("; ")}. ` +
        "Was the checkpoint written with another config?",
    );
  }
}

/** A tensor of its own: some backends keep the array that they are given. */
export function fromHost({ shape, data }: HostTensor, dtype: tf.DataType): tf.Tensor {
  const numbers =
    typeof data[0] === "bigint" ? Array.from(data as ArrayLike<bigint>, Number) : (data as ArrayLike<number>);
  const values = dtype === "int32" ? Int32Array.from(numbers) : Float32Array.from(numbers);
  return tf.tensor(values, [...shape], dtype as "float32");
}

function collect(node: unknown, path: string, found: Record<string, tf.Variable>, seen: Set<unknown>): void {
  if (typeof node !== "object" || node === null || seen.has(node)) return;
  seen.add(node);
  if (node instanceof tf.Variable) {
    found[path] = node;
    return;
  }
  if (node instanceof tf.Tensor || ArrayBuffer.isView(node)) return;
  for (const [key, child] of Object.entries(node)) {
    if (key === "config") continue;
    const name = key === "params" ? "" : key;
    collect(child, path && name ? `${path}.${name}` : path || name, found, seen);
  }
}
