import { AdamW, type HostTensor, type HostTensorData, prefixed, under } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { TokenizerTrainerConfig } from "./config.ts";

/** Parts of a model with an optimizer each. Codes and projections of a quantizer do not decay. */
export const parts = ["encoder", "quantizer", "decoder"] as const;
export type Part = (typeof parts)[number];

/** An optimizer for each part of a model that has parameters. */
export class PartOptimizers {
  /** Parts without parameters are left out. */
  readonly params: ReadonlyMap<Part, Readonly<Record<string, tf.Variable>>>;
  readonly #optimizers: ReadonlyMap<Part, AdamW>;

  /** @param params those of the whole model, by name */
  constructor(
    params: Readonly<Record<string, tf.Variable>>,
    { weightDecay, beta2, clipNorm }: Pick<TokenizerTrainerConfig, "weightDecay" | "beta2" | "clipNorm">,
  ) {
    this.params = partsOf(params);
    this.#optimizers = new Map(
      [...this.params].map(([part, own]) => {
        const decay = part === "quantizer" ? 0 : weightDecay;
        return [part, new AdamW(own, { weightDecay: decay, beta2, clipNorm })];
      }),
    );
  }

  /** The parameters of some parts together. */
  paramsOf(which: readonly Part[]): Record<string, tf.Variable> {
    return Object.assign({}, ...which.map((part) => this.params.get(part)));
  }

  /** One update of some parts. */
  step(
    which: readonly Part[],
    gradients: Readonly<Record<string, tf.Tensor>>,
    learningRate: tf.Scalar,
  ): void {
    for (const part of which) {
      const names = Object.keys(this.params.get(part) ?? {});
      const own = Object.fromEntries(names.map((name) => [name, gradients[name]]));
      this.#optimizers.get(part)?.step(own, learningRate).dispose();
    }
  }

  /** What there is at the moment of the call, on the host. */
  async state(): Promise<Record<string, HostTensorData>> {
    const optimizers = [...this.#optimizers];
    const states = await Promise.all(optimizers.map(([, optimizer]) => optimizer.state()));
    return Object.assign({}, ...optimizers.map(([part], index) => prefixed(states[index], prefixOf(part))));
  }

  /** @throws NuwaError `CHECKPOINT` when the tensors do not fit */
  loadState(tensors: Readonly<Record<string, HostTensor>>): void {
    for (const [part, optimizer] of this.#optimizers) optimizer.loadState(under(tensors, prefixOf(part)));
  }

  dispose(): void {
    for (const optimizer of this.#optimizers.values()) optimizer.dispose();
  }
}

const prefixOf = (part: Part): string => `${part}Optimizer.`;

/** Parameters by part; what is neither the quantizer's nor the decoder's goes with the encoder. */
function partsOf(
  params: Readonly<Record<string, tf.Variable>>,
): Map<Part, Readonly<Record<string, tf.Variable>>> {
  const found = new Map<Part, Readonly<Record<string, tf.Variable>>>();
  const partOf = (name: string) => parts.find((part) => name.startsWith(`${part}.`)) ?? "encoder";
  for (const part of parts) {
    const own = Object.entries(params).filter(([name]) => partOf(name) === part);
    if (own.length > 0) found.set(part, Object.fromEntries(own));
  }
  return found;
}
