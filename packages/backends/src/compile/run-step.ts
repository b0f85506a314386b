import * as tf from "@tensorflow/tfjs-core";
import { refusedAsync, refusedResult } from "./refusals.ts";

/** A step over tensors: see `compile`. */
export type Step<Inputs extends tf.Tensor[], Outputs extends tf.NamedTensorMap> = (
  ...inputs: Inputs
) => Outputs;
export type AnyStep = Step<tf.Tensor[], tf.NamedTensorMap>;

/**
 * Runs a step as it is, and disposes what it made besides its results, which are tensors of their own.
 *
 * @param use is given the results before anything is disposed
 * @throws NuwaError `INPUT` when the step is asynchronous or returns anything but tensors by name
 */
export function runStep(
  step: AnyStep,
  inputs: readonly tf.Tensor[],
  use: (results: tf.NamedTensorMap) => void = () => {},
): tf.NamedTensorMap {
  return tf.tidy(() => {
    const results = checkedResults(step(...inputs));
    use(results);
    return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, tf.clone(result)]));
  });
}

function checkedResults(results: unknown): tf.NamedTensorMap {
  if (results instanceof Promise) {
    results.catch(() => {}); // what it fails with comes too late
    throw refusedAsync();
  }
  if (
    typeof results !== "object" ||
    results === null ||
    results instanceof tf.Tensor ||
    Array.isArray(results)
  ) {
    throw refusedResult(results instanceof tf.Tensor ? "a single tensor" : kindOf(results));
  }
  for (const [name, result] of Object.entries(results)) {
    if (!(result instanceof tf.Tensor)) throw refusedResult(`${kindOf(result)} as "${name}"`);
  }
  return results as tf.NamedTensorMap;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}
