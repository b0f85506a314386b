import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Program } from "./program.ts";
import { type AnyStep, runStep } from "./run-step.ts";

const TOLERANCE = 1e-5;

/**
 * Runs a program, then the step itself from the same variables, whose results count.
 *
 * @throws NuwaError `BACKEND` that names the result or variable in which they differ
 */
export function checkRun(program: Program, step: AnyStep, inputs: readonly tf.Tensor[]): tf.NamedTensorMap {
  const variables = program.assigned;
  const before = variables.map((variable) => tf.clone(variable));
  const actual = program.run(inputs);
  const assigned = variables.map((variable) => tf.clone(variable));
  variables.forEach((variable, index) => {
    variable.assign(before[index]);
  });
  const expected = runStep(step, inputs);
  try {
    for (const [name, result] of Object.entries(expected))
      check(`the result "${name}"`, actual[name], result);
    variables.forEach((variable, index) => {
      check(`the variable "${variable.name}"`, assigned[index], variable);
    });
    return expected;
  } catch (error) {
    tf.dispose(expected);
    throw error;
  } finally {
    tf.dispose([before, assigned, actual]);
  }
}

function check(what: string, actual: tf.Tensor, expected: tf.Tensor): void {
  const [got, wanted] = [actual.dataSync(), expected.dataSync()];
  let largest = 0;
  let error = 0;
  for (let index = 0; index < wanted.length; index++) {
    if (Number.isFinite(wanted[index])) largest = Math.max(largest, Math.abs(wanted[index]));
    if (Object.is(got[index], wanted[index])) continue;
    const difference = Math.abs(got[index] - wanted[index]);
    error = Math.max(error, Number.isFinite(difference) ? difference : Infinity);
  }
  if (error <= TOLERANCE * largest) return;
  throw new NuwaError(
    "BACKEND",
    `compile: ${what} differs by ${error} between the compiled step and the step itself, whose largest element is ${largest}. ` +
      "The step depends on something that is neither an input nor a tf.Variable: pass it as one.",
  );
}
