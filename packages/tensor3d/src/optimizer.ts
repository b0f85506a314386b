import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "./errors.ts";
import { checkHostTensors, fromHost, type HostTensor } from "./params.ts";
import { readBack } from "./read-back.ts";
import type { HostTensorData } from "./safetensors/encode.ts";

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

/** Elements of a group, unless one parameter has more: the operands of an operation stay in the caches. */
const GROUP_SIZE = 2 ** 17;

/** Parameters that differ in their first axis only, updated as one tensor that stacks them along it. */
interface Group {
  readonly keys: string[];
  readonly params: tf.Variable[];
  readonly mean: tf.Variable;
  readonly square: tf.Variable;
}

/**
 * Adam with decoupled weight decay (Loshchilov and Hutter, 2019), as `torch.optim.AdamW` computes it. It
 * assigns to the parameters in place and owns two numbers for each of theirs; nothing is read back in a step.
 */
export class AdamW {
  readonly config: Required<Omit<AdamWConfig, "clipNorm">> & { readonly clipNorm?: number };
  readonly #params: Readonly<Record<string, tf.Variable>>;
  readonly #groups: Group[];
  /** Steps so far, int32: a variable, so that steps compiled by `@nuwa/backends` count on. */
  readonly #steps: tf.Variable;

  /** @param params the variables by key, such as `namedParams(model)`; the caller keeps owning them */
  constructor(params: Readonly<Record<string, tf.Variable>>, config: AdamWConfig = {}) {
    this.config = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, ...config };
    checkConfig(this.config);
    this.#steps = tf.tidy(() => tf.variable(tf.scalar(0, "int32"), false));
    this.#params = { ...params };
    this.#groups = groupsOf(this.#params).map((keys) => {
      const members = keys.map((key) => params[key]);
      const zeros = () =>
        tf.tidy(() => tf.variable(stack(members.map((param) => tf.zerosLike(param))), false));
      return { keys, params: members, mean: zeros(), square: zeros() };
    });
  }

  /**
   * Updates every parameter.
   *
   * @param gradients under the keys of the params; the caller disposes them
   * @param learningRate a number, or a scalar that stays the caller's
   * @returns the norm of all gradients before clipping; the caller disposes it
   * @throws NuwaError `INPUT` when gradients are missing, `SHAPE` when one does not fit; nothing changes then
   */
  step(gradients: Readonly<Record<string, tf.Tensor>>, learningRate: number | tf.Scalar): tf.Scalar {
    const { beta1, beta2, epsilon, weightDecay, clipNorm } = this.config;
    checkGradients(this.#params, gradients);
    return tf.tidy(() => {
      this.#steps.assign(tf.add(this.#steps, tf.scalar(1, "int32")));
      const correction = tf.sqrt(this.#bias(beta2));
      const stacked = this.#groups.map(({ keys }) => stack(keys.map((key) => gradients[key])));
      const squares = stacked.map((gradient) => tf.square(gradient));
      const norm = tf.sqrt(tf.addN(squares.map((square) => tf.sum(square)))) as tf.Scalar;
      const clip =
        clipNorm === undefined ? tf.scalar(1) : tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1);
      const scalars = {
        beta1: tf.scalar(beta1),
        beta2: tf.scalar(beta2),
        fresh1: tf.mul(clip, 1 - beta1),
        fresh2: tf.mul(tf.square(clip), 1 - beta2),
        epsilon: tf.mul(correction, epsilon),
        rate: tf.mul(tf.div(correction, this.#bias(beta1)), learningRate),
        decay: tf.sub(1, tf.mul(learningRate, weightDecay)),
      };
      this.#groups.forEach((group, index) => {
        tf.tidy(() => updateGroup(group, stacked[index], squares[index], scalars, weightDecay !== 0));
        tf.dispose([stacked[index], squares[index]]);
      });
      return norm;
    });
  }

  /** `1 - beta ** steps`, without the digits that a power near 1 would cost. */
  #bias(beta: number): tf.Tensor {
    return tf.neg(tf.expm1(tf.mul(tf.cast(this.#steps, "float32"), Math.log(beta))));
  }

  /**
   * The step (`step`, int32) and the moments (`mean.<key>`, `square.<key>`) at the moment of the call, on the
   * host: later steps do not change them, and there is nothing to dispose.
   */
  async state(): Promise<Record<string, HostTensorData>> {
    const moments = this.#groups.flatMap(({ mean, square }) => [mean, square]);
    const [steps, ...values] = await readBack([this.#steps, ...moments]);
    const state: Record<string, HostTensorData> = { step: { shape: [], data: steps.slice() } };
    this.#groups.forEach(({ keys, params }, group) => {
      let offset = 0;
      for (const [index, { shape, size }] of params.entries()) {
        for (const [moment, name] of ["mean", "square"].entries()) {
          const data = values[2 * group + moment].slice(offset, offset + size);
          state[`${name}.${keys[index]}`] = { shape, data };
        }
        offset += size;
      }
    });
    return state;
  }

  /**
   * Continues from what `state()` gave, bit for bit.
   *
   * @throws NuwaError `CHECKPOINT` that lists every missing, unexpected and misshapen key
   */
  loadState(tensors: Readonly<Record<string, HostTensor>>): void {
    const shapes: Record<string, Pick<tf.Tensor, "shape" | "size">> = { step: { shape: [], size: 1 } };
    for (const [key, param] of Object.entries(this.#params)) {
      shapes[`mean.${key}`] = param;
      shapes[`square.${key}`] = param;
    }
    checkHostTensors("AdamW.loadState", shapes, tensors);
    tf.tidy(() => {
      const load = (name: string) => fromHost(tensors[name], "float32");
      for (const { keys, mean, square } of this.#groups) {
        mean.assign(stack(keys.map((key) => load(`mean.${key}`))));
        square.assign(stack(keys.map((key) => load(`square.${key}`))));
      }
      this.#steps.assign(tf.scalar(Number(tensors.step.data[0]), "int32"));
    });
  }

  dispose(): void {
    tf.dispose([this.#steps, ...this.#groups.flatMap(({ mean, square }) => [mean, square])]);
  }
}

/** The keys of each group. */
function groupsOf(params: Readonly<Record<string, tf.Variable>>): string[][] {
  const groups: string[][] = [];
  const open = new Map<string, { keys: string[]; size: number }>();
  for (const [key, { shape, size }] of Object.entries(params)) {
    const rows = `${shape.length} ${shape.slice(1)}`;
    const group = open.get(rows);
    if (group && shape.length > 0 && group.size + size <= GROUP_SIZE) {
      group.keys.push(key);
      group.size += size;
    } else {
      const keys = [key];
      groups.push(keys);
      open.set(rows, { keys, size });
    }
  }
  return groups;
}

function stack(tensors: tf.Tensor[]): tf.Tensor {
  return tensors.length === 1 ? tf.clone(tensors[0]) : tf.concat(tensors, 0);
}

/** Undoes `stack` of tensors like `params`. */
function unstack(stacked: tf.Tensor, params: readonly tf.Tensor[]): tf.Tensor[] {
  if (params.length === 1) return [tf.clone(stacked)];
  return tf.split(
    stacked,
    params.map(({ shape }) => shape[0]),
    0,
  );
}

function updateGroup(
  { params, mean, square }: Group,
  gradient: tf.Tensor,
  squared: tf.Tensor,
  by: Record<"beta1" | "beta2" | "fresh1" | "fresh2" | "epsilon" | "rate" | "decay", tf.Tensor>,
  decays: boolean,
): void {
  mean.assign(tf.add(tf.mul(mean, by.beta1), tf.mul(gradient, by.fresh1)));
  square.assign(tf.add(tf.mul(square, by.beta2), tf.mul(squared, by.fresh2)));
  const change = tf.mul(tf.div(mean, tf.add(tf.sqrt(square), by.epsilon)), by.rate);
  const old = stack(params);
  const next = tf.sub(decays && old.rank >= 2 ? tf.mul(old, by.decay) : old, change);
  unstack(next, params).forEach((value, index) => {
    params[index].assign(value);
  });
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

function checkGradients(
  params: Readonly<Record<string, tf.Variable>>,
  gradients: Readonly<Record<string, tf.Tensor>>,
): void {
  const missing = Object.keys(params).filter((key) => !Object.hasOwn(gradients, key));
  if (missing.length > 0) {
    throw new NuwaError(
      "INPUT",
      `AdamW.step: wanted a gradient for every parameter, none came for ${missing.join(", ")}.`,
    );
  }
  for (const [key, param] of Object.entries(params)) {
    if (gradients[key].shape.join() !== param.shape.join()) {
      throw new NuwaError(
        "SHAPE",
        `AdamW.step: the gradient of ${key}: wanted [${param.shape.join(", ")}], got [${gradients[key].shape.join(", ")}].`,
      );
    }
  }
}
