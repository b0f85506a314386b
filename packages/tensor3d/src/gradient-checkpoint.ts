import * as tf from "@tensorflow/tfjs-core";
import { autocast, productPrecision } from "./autocast.ts";
import { NuwaError } from "./errors.ts";
import { runFused } from "./fused-kernel.ts";
import { valueAndGradients } from "./gradient.ts";
import { Rng } from "./rng.ts";

export interface CheckpointOptions {
  /** The variables that `f` reads, by key, such as `namedParams(block)`. Those left out get no gradient. */
  readonly params?: Readonly<Record<string, tf.Variable>>;
  /** What `f` draws from, as for dropout. It draws the same numbers again in the backward pass. */
  readonly rng?: Rng;
}

/**
 * `f(inputs, rng)`, whose gradient keeps the inputs alone: the backward pass runs `f` again for what lies between
 * (Chen et al., 2016, arXiv 1604.06174). Values and gradients are those of `f`; a training step takes about a third longer.
 * Outside of a gradient it only runs `f`. Checkpoints may lie within checkpoints.
 *
 * @param f synchronous, and the same whenever it runs. Tensors that depend on variables come through `inputs`, since
 *   no gradient goes to what `f` takes from elsewhere; the inputs that it gets are its own to read, not to dispose
 * @param inputs those of float32 get gradients, zeros where `f` does not use them, as do the params; others, such as masks,
 *   get none
 * @returns what `f` returned, one tensor; the caller disposes it
 * @throws NuwaError `INPUT` when there are neither float32 inputs nor params
 */
export function checkpoint<Result extends tf.Tensor>(
  f: (inputs: tf.Tensor[], rng: Rng | undefined) => Result,
  inputs: readonly tf.Tensor[],
  { params = {}, rng }: CheckpointOptions = {},
): Result {
  const variables = Object.values(params);
  const sources = [...inputs.filter(isFloat), ...variables];
  if (sources.length === 0) {
    throw new NuwaError(
      "INPUT",
      "checkpoint: wanted float32 inputs or params to differentiate for, got none. Call f itself.",
    );
  }
  const start = rng?.state();
  const precision = productPrecision();
  const run = tf.customGrad((...all) => {
    const save = all.at(-1) as unknown as tf.GradSaveFunc;
    save([...inputs]);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) =>
      gradientsOf(
        () => autocast(precision, () => f([...saved], start && Rng.from(start))),
        [...saved.filter(isFloat), ...variables],
        dy,
      );
    return { value: f([...inputs], rng), gradFunc };
  });
  return tf.tidy(() => run(...sources)) as Result;
}

/** The gradients of `sum(f() * dy)`, one for each source. */
function gradientsOf(f: () => tf.Tensor, sources: readonly tf.Tensor[], dy: tf.Tensor): tf.Tensor[] {
  return tf.tidy(() => {
    // A compiler that sees both runs of f would keep the results of the first.
    const after = runFused("boundary", { x: dy }) ?? dy;
    const loss = () => ({ loss: tf.sum(tf.mul(f(), after)) });
    return Object.values(
      valueAndGradients(loss, Object.fromEntries(sources.entries()), { allowUnused: true }).gradients,
    );
  });
}

const isFloat = ({ dtype }: tf.Tensor): boolean => dtype === "float32";
