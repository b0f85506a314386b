import * as tf from "@tensorflow/tfjs-core";
import type { NodeBackend } from "../node/node-backend.ts";
import { sameShape } from "../node/tensor-values.ts";
import { Recorder } from "./recorder.ts";
import type { Recording } from "./recording.ts";
import { type AnyStep, runStep } from "./run-step.ts";

export interface RecordedRun {
  readonly results: tf.NamedTensorMap;
  readonly recording: Recording;
  /** Tensors that were made and stay besides the results; below 0, tensors from before that are gone. */
  readonly left: number;
}

/**
 * Runs a step and records what it does.
 *
 * @throws NuwaError `INPUT` when it does what cannot be compiled
 */
export function record(backend: NodeBackend, step: AnyStep, inputs: readonly tf.Tensor[]): RecordedRun {
  const { binding } = backend;
  // Of tensors that share their values, a recording could not tell which one was read.
  const given = inputs.map((input) => backend.executeSingleInput("Identity", input));
  const recorder = new Recorder(backend, given, separateVariables(backend));
  const before = tf.memory().numTensors;
  let recording: Recording | undefined;
  try {
    binding.observer = recorder;
    const results = runStep(step, given, (made) => {
      recording = recorder.finish(made);
      binding.observer = undefined;
    });
    const left = tf.memory().numTensors - before - Object.keys(results).length;
    if (recorder.refusal) tf.dispose(results);
    else return { results, recording: recording!, left };
  } catch (error) {
    recorder.refusal ??= error as Error;
  } finally {
    binding.observer = undefined;
    tf.dispose(given);
  }
  recorder.discard();
  throw recorder.refusal;
}

/** Gives every variable values of its own, in its own shape. */
function separateVariables(backend: NodeBackend): tf.Variable[] {
  const variables = Object.values(tf.engine().registeredVariables);
  for (const variable of variables) {
    const references = backend.refCount(variable.dataId);
    if (references === 0) continue; // another backend's, until an operation here needs it
    const { shape } = backend.binding.describe(backend.idOfValues(variable));
    if (references === 1 && sameShape(shape, variable.shape)) continue;
    const own = backend.executeSingleInput("Identity", variable);
    variable.assign(own);
    own.dispose();
  }
  return variables;
}
