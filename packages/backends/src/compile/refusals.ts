import { NuwaError } from "@nuwa/tensor3d";
import { placeInProgram } from "./place.ts";

/** Operations that draw numbers of their own. */
const RANDOM = /^(Stateless)?(Random|Multinomial|TruncatedNormal|ParameterizedTruncatedNormal)/;
/** Operations whose results have shapes that depend on values. */
const DYNAMIC =
  /^(Where|Unique|NonMaxSuppression|SparseFillEmptyRows|SparseReshape|RaggedTensorToTensor|RaggedRange|RaggedGather|StringSplit|StringNGrams)/;

export function refusedOperation(name: string): NuwaError | undefined {
  if (RANDOM.test(name)) {
    return refusal(
      `draws random numbers by TensorFlow's ${name} at ${placeInProgram()}, which each call would draw alike`,
      "Draw them outside, such as by an Rng of @nuwa/tensor3d, and pass them as an input.",
    );
  }
  if (DYNAMIC.test(name)) {
    return refusal(
      `runs TensorFlow's ${name} at ${placeInProgram()}, whose result's shape depends on values`,
      "Run it outside and pass its result as an input, or use a mask of a fixed shape.",
    );
  }
  return undefined;
}

export function refusedRead(what: string): NuwaError {
  const how =
    what === "dataSync"
      ? "reads a tensor back"
      : `reads a tensor by the backend's ${what}, outside of a kernel,`;
  return refusal(
    `${how} at ${placeInProgram()}; what it does with the values would not be done again`,
    "Return the tensor and read it after the call.",
  );
}

export function refusedAsync(): NuwaError {
  return refusal(
    "returned a promise",
    "Make it an ordinary function; do before or after it what has to be awaited.",
  );
}

export function refusedResult(what: string): NuwaError {
  return refusal(
    `returned ${what}, wanted a record of tensors by name`,
    "Return { name: tensor, ... }; a step that only assigns to variables returns {}.",
  );
}

export function refusedGradient(): NuwaError {
  return new NuwaError(
    "INPUT",
    "compile: a compiled step was called while gradients are taken, which cannot go through it. " +
      "Take the gradients inside the step.",
  );
}

/** @param difference what two calls in a row did differently */
export function refusedChange(difference: string): NuwaError {
  return refusal(
    `does not do the same at every call with inputs of one shape: ${difference}`,
    "Pass what changes between calls (random numbers, rates, counters, masks) as an input, or keep it in a tf.Variable " +
      "that the step assigns to.",
  );
}

export function lostTensor(shape: readonly number[], place: string): NuwaError {
  return new NuwaError(
    "INPUT",
    `compile: a tensor [${shape.join(", ")}] from outside of the step, used at ${place}, was disposed after the step was ` +
      "recorded. Keep it as long as the compiled step, or pass it as an input.",
  );
}

export function lostVariable(name: string): NuwaError {
  return new NuwaError(
    "INPUT",
    `compile: the variable "${name}" was disposed after the step was recorded. Keep it as long as the compiled step, or ` +
      "dispose the step and compile it anew.",
  );
}

/** @param cause what TensorFlow says, the operation in its first line */
export function unknownToXla(cause: Error): NuwaError {
  const [reason] = cause.message.split("\n");
  return new NuwaError(
    "BACKEND",
    `compile: XLA cannot compile the step: ${reason} Use mode "graph" or "auto".`,
    { cause },
  );
}

function refusal(what: string, remedy: string): NuwaError {
  return new NuwaError("INPUT", `compile: the step ${what}. ${remedy}`);
}
