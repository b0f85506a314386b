import { valueAndGradients } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { ForwardPass } from "../forward-pass.ts";
import type { VqModel } from "../model.ts";
import { type OutputAims, type OutputLoss, outputLoss } from "./output-loss.ts";

type Output = Pick<ForwardPass, "commitment" | "features" | "decoded">;

export interface GeneratorStep<Pass> {
  readonly pass: Pass;
  /** `loss` includes the quantizer's. */
  readonly losses: Omit<OutputLoss, "gradient"> & { readonly commitment: tf.Scalar };
  readonly gradients: Record<string, tf.Tensor>;
}

/**
 * Losses of a pass and their gradients with respect to `params`. The networks run forward once and backward once,
 * whatever is asked of their output: its gradient is computed by `outputLoss` while gradients are on their way back.
 *
 * Call it within a `tf.tidy`.
 *
 * @param options `allowUnused`: parameters that the pass does not use get zeros
 */
export function generatorStep<Pass extends Output>(
  model: VqModel,
  forward: () => Pass,
  aims: OutputAims,
  params: Readonly<Record<string, tf.Variable>>,
  options: { readonly allowUnused: boolean },
): GeneratorStep<Pass> {
  let found: OutputLoss | undefined;
  const ask = (features: tf.Tensor4D, decoded: tf.Tensor4D): tf.Tensor4D => {
    found = outputLoss(model, features, decoded, aims);
    for (const tensor of Object.values(found)) tf.keep(tensor);
    return tf.clone(found.gradient);
  };
  try {
    const { value, gradients } = valueAndGradients(
      () => {
        const pass = forward();
        const loss = tf.add(askedOf(pass, ask), pass.commitment) as tf.Scalar;
        return { ...pass, loss };
      },
      params,
      options,
    );
    const { gradient: _, ...losses } = found!;
    const { commitment } = value;
    const owned = Object.fromEntries(Object.entries(losses).map(([name, loss]) => [name, tf.clone(loss)]));
    const loss = tf.add(losses.loss, commitment) as tf.Scalar;
    return { pass: value, losses: { ...(owned as typeof losses), loss, commitment }, gradients };
  } finally {
    if (found) tf.dispose({ ...found });
  }
}

/**
 * A scalar whose gradient with respect to `decoded` is what `ask` says. Its value is 0: the losses are what `ask`
 * found.
 */
function askedOf(
  { features, decoded }: Output,
  ask: (features: tf.Tensor4D, decoded: tf.Tensor4D) => tf.Tensor4D,
): tf.Scalar {
  const run = tf.customGrad((...inputs) => {
    const save = inputs[1] as unknown as tf.GradSaveFunc;
    save([features, inputs[0] as tf.Tensor]);
    return {
      value: tf.scalar(0),
      gradFunc: (_dy: tf.Tensor, saved: tf.Tensor[]) => ask(saved[0] as tf.Tensor4D, saved[1] as tf.Tensor4D),
    };
  });
  return run(decoded) as tf.Scalar;
}
