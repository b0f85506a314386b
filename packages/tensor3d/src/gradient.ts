import * as tf from "@tensorflow/tfjs-core";
import { ensureGradients } from "./ensure-gradients.ts";
import { NuwaError } from "./errors.ts";

export interface ValueAndGradients<Value> {
  /** What the function returned. The caller disposes every tensor. */
  readonly value: Value;
  /** The gradient of the loss by parameter, under the same keys. The caller disposes every tensor. */
  readonly gradients: Record<string, tf.Tensor>;
}

/**
 * Runs `f` and differentiates its `loss` with respect to `params`. It may also be called by the gradient function of a
 * `tf.customGrad`, that is while other gradients are on their way back, whose tape it leaves as it was.
 *
 * @param f returns a record of tensors with a scalar `loss`; everything else it creates is disposed
 * @param params the variables, or other tensors that `f` reads, by key, such as `namedParams(layer)`
 * @param options `allowUnused`: a parameter that the loss does not depend on gets zeros instead of an error
 * @throws NuwaError `SHAPE` when the loss is no scalar; `INPUT` when there are no params, or when the loss
 *   does not depend on some of them, which it names
 */
export function valueAndGradients<Value extends { readonly loss: tf.Tensor }>(
  f: () => Value,
  params: Readonly<Record<string, tf.Tensor>>,
  { allowUnused = false }: { allowUnused?: boolean } = {},
): ValueAndGradients<Value> {
  ensureGradients();
  const keys = Object.keys(params);
  if (keys.length === 0)
    throw new NuwaError("INPUT", "valueAndGradients: wanted at least one variable in params, got none.");
  const kept: Record<string, tf.Tensor> = {};
  const { state } = tf.engine();
  const outerTape = state.activeTape;
  return tf.tidy(() => {
    try {
      const { value: loss, grads } = tf.engine().gradients(
        () => {
          const values = f();
          checkLoss(values?.loss);
          for (const [name, tensor] of Object.entries(values)) {
            if (name !== "loss") kept[name] = tf.keep(tf.clone(tensor as tf.Tensor));
          }
          if (state.gradientDepth === 1) freeAfterUse(state.activeTape ?? []);
          return values.loss;
        },
        keys.map((key) => params[key]),
        undefined,
        true,
      );
      const unused = keys.filter((_, index) => grads[index] == null);
      if (unused.length > 0 && !allowUnused) {
        throw new NuwaError(
          "INPUT",
          `valueAndGradients: the loss does not depend on ${unused.join(", ")}. ` +
            "Use them in f, leave them out of params, or pass { allowUnused: true }.",
        );
      }
      const value: Record<string, tf.Tensor> = { loss };
      for (const [name, tensor] of Object.entries(kept)) value[name] = tf.clone(tensor);
      const gradients = Object.fromEntries(
        keys.map((key, index) => [key, grads[index] ?? tf.zerosLike(params[key])]),
      );
      return { value: value as unknown as Value, gradients } as never;
    } catch (error) {
      disposeTape(outerTape);
      throw error;
    } finally {
      if (state.gradientDepth === 0) state.activeTape = outerTape;
      tf.dispose(kept);
    }
  });
}

/**
 * The backward pass walks the tape from its end. What an operation saved for it is freed when the next one's turn comes;
 * tfjs would keep it all until the walk is over, beside every gradient.
 */
function freeAfterUse(tape: { saved?: tf.Tensor[]; gradient?: (...dys: never[]) => unknown }[]): void {
  let used: tf.Tensor[] = [];
  for (const node of tape) {
    const { gradient, saved = [] } = node;
    if (!gradient) continue;
    node.gradient = (...dys) => {
      tf.dispose(used);
      used = saved;
      return gradient(...dys);
    };
  }
}

/** After an error in the middle, tfjs itself leaves the tensors that were saved for the backward pass. */
function disposeTape(outerTape: unknown): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0 || !state.activeTape || state.activeTape === outerTape) return;
  for (const { saved } of state.activeTape) tf.dispose(saved);
}

function checkLoss(loss: unknown): void {
  if (!(loss instanceof tf.Tensor) || loss.rank !== 0) {
    const got = loss instanceof tf.Tensor ? `the shape [${loss.shape.join(", ")}]` : String(loss);
    throw new NuwaError(
      "SHAPE",
      `valueAndGradients: wanted a scalar in "loss", got ${got}. Take the mean or the sum.`,
    );
  }
}
