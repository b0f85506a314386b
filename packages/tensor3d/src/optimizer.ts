import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { assignVariables, type HostTensor } from "./params.ts";

export interface AdamWConfig {
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** Decoupled, on parameters of rank 2 and more only. Default 0.01. */
  readonly weightDecay?: number;
  /** Gradients are scaled down to this global norm. Default: not at all. */
  readonly clipNorm?: number;
}

interface Slot {
  readonly param: tf.Variable;
  readonly mean: tf.Variable;
  readonly square: tf.Variable;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as `torch.optim.AdamW` computes it. It
 * assigns to the parameters in place and owns two tensors the size of each; nothing is read back in a step.
 */
export class AdamW {
  readonly config: Required<Omit<AdamWConfig, "clipNorm">> & { readonly clipNorm?: number };
  readonly #slots: Record<string, Slot> = {};
  readonly #step: tf.Variable;
  #steps = 0;

  /** @param params the variables by key, such as `namedParams(model)`; the caller keeps owning them */
  constructor(params: Readonly<Record<string, tf.Variable>>, config: AdamWConfig = {}) {
    this.config = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, ...config };
    checkConfig(this.config);
    this.#step = tf.tidy(() => tf.variable(tf.scalar(0, "int32"), false));
    for (const [key, param] of Object.entries(params)) {
      this.#slots[key] = tf.tidy(() => ({
        param,
        mean: tf.variable(tf.zerosLike(param), false),
        square: tf.variable(tf.zerosLike(param), false),
      }));
    }
  }

  /**
   * Updates every parameter.
   *
   * @param gradients under the keys of the params; the caller disposes them
   * @returns the norm of all gradients before clipping; the caller disposes it
   * @throws NuwaError `INPUT` when gradients are missing, `SHAPE` when one does not fit; nothing changes then
   */
  step(gradients: Readonly<Record<string, tf.Tensor>>, learningRate: number): tf.Scalar {
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = this.config;
    const entries = Object.entries(this.#slots);
    checkGradients(entries, gradients);
    this.#steps++;
    const correction = Math.sqrt(1 - beta2 ** this.#steps);
    return tf.tidy(() => {
      const squares = entries.map(([key]) => tf.square(gradients[key]));
      const norm = tf.sqrt(tf.addN(squares.map((square) => tf.sum(square)))) as tf.Scalar;
      const clip =
        clipNorm === undefined ? tf.scalar(1) : tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1);
      const scalars = {
        beta1: tf.scalar(beta1),
        beta2: tf.scalar(beta2),
        fresh1: tf.mul(clip, 1 - beta1),
        fresh2: tf.mul(tf.square(clip), 1 - beta2),
        epsilon: tf.scalar(epsilon * correction),
        rate: tf.scalar((learningRate * correction) / (1 - beta1 ** this.#steps)),
        decay: tf.scalar(1 - learningRate * weightDecay),
      };
      entries.forEach(([key, slot], index) => {
        const update = () => updateSlot(slot, gradients[key], squares[index], scalars, weightDecay !== 0);
        tf.tidy(update);
        squares[index].dispose();
      });
      this.#step.assign(tf.scalar(this.#steps, "int32"));
      return norm;
    });
  }

  /** The step (`step`, int32) and the moments (`mean.<key>`, `square.<key>`). They stay the optimizer's own. */
  state(): Record<string, tf.Tensor> {
    return this.#variables();
  }

  /**
   * Continues from what `state()` gave, bit for bit.
   *
   * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key
   */
  loadState(tensors: Readonly<Record<string, HostTensor>>): void {
    assignVariables("AdamW.loadState", this.#variables(), tensors);
    this.#steps = Number(tensors.step.data[0]);
  }

  dispose(): void {
    tf.dispose(Object.values(this.#variables()));
  }

  #variables(): Record<string, tf.Variable> {
    const variables: Record<string, tf.Variable> = { step: this.#step };
    for (const [key, slot] of Object.entries(this.#slots)) {
      variables[`mean.${key}`] = slot.mean;
      variables[`square.${key}`] = slot.square;
    }
    return variables;
  }
}

function updateSlot(
  slot: Slot,
  gradient: tf.Tensor,
  squared: tf.Tensor,
  by: Record<"beta1" | "beta2" | "fresh1" | "fresh2" | "epsilon" | "rate" | "decay", tf.Tensor>,
  decays: boolean,
): void {
  const { param, mean, square } = slot;
  mean.assign(tf.add(tf.mul(mean, by.beta1), tf.mul(gradient, by.fresh1)));
  square.assign(tf.add(tf.mul(square, by.beta2), tf.mul(squared, by.fresh2)));
  const change = tf.mul(tf.div(mean, tf.add(tf.sqrt(square), by.epsilon)), by.rate);
  param.assign(tf.sub(decays && param.rank >= 2 ? tf.mul(param, by.decay) : param, change));
}

function checkConfig(config: AdamW["config"]): void {
  const { beta1, beta2, epsilon, weightDecay, clipNorm = 1 } = config;
  const isShare = (value: number) => value >= 0 && value < 1;
  if (!isShare(beta1) || !isShare(beta2) || !(epsilon >= 0) || !(weightDecay >= 0) || !(clipNorm > 0)) {
    throw new NuwaError(
      "CONFIG",
      "AdamW: wanted beta1, beta2 in [0, 1), epsilon and weightDecay >= 0, clipNorm > 0, " +
        `got ${JSON.stringify(config)}.`,
    );
  }
}

function checkGradients(entries: [string, Slot][], gradients: Readonly<Record<string, tf.Tensor>>): void {
  const missing = entries.filter(([key]) => !Object.hasOwn(gradients, key)).map(([key]) => key);
  if (missing.length > 0) {
    throw new NuwaError(
      "INPUT",
      `AdamW.step: wanted a gradient for every parameter, none came for ${missing.join(", ")}.`,
    );
  }
  for (const [key, { param }] of entries) {
    if (gradients[key].shape.join() !== param.shape.join()) {
      throw new NuwaError(
        "SHAPE",
        `AdamW.step: the gradient of ${key}: wanted [${param.shape.join(", ")}], got [${gradients[key].shape.join(", ")}].`,
      );
    }
  }
}
