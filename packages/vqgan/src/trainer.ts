import {
  AdamW,
  cosineSchedule,
  type HostTensor,
  type HostTensorData,
  NuwaError,
  Rng,
  type RngState,
  readBack,
  valueAndGradients,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { VqInput } from "./input.ts";
import type { VqModel } from "./model.ts";
import type { CodeUse } from "./quantizers/quantizer.ts";
import {
  parseTrainerConfig,
  phaseOf,
  type TokenizerTrainerConfig,
  type TokenizerTrainerConfigInput,
  type TrainingPhase,
} from "./trainer-config.ts";

/** Scalars of one step, before its update. The caller disposes them. */
export interface TokenizerStep {
  readonly loss: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  readonly commitment: tf.Scalar;
  /** exp of the entropy of the batch's codes; 0 while nothing is quantized. */
  readonly perplexity: tf.Scalar;
  /** Share of all codes that the batch uses; 0 while nothing is quantized. */
  readonly usage: tf.Scalar;
  /** How many codes are out of use (see `CodeUse`); 0 while nothing is quantized. */
  readonly dead: tf.Scalar;
}

/** Parts of a model with an optimizer each. Codes and projections of a quantizer do not decay. */
const parts = ["encoder", "quantizer", "decoder"] as const;
type Part = (typeof parts)[number];

/** Everything that continuing exactly needs beside the model's own tensors. */
export interface TokenizerTrainerState {
  readonly step: number;
  readonly rng: RngState;
  /** On the host: later steps do not change them, and there is nothing to dispose. */
  readonly tensors: Record<string, HostTensorData>;
}

/**
 * Trains a tokenizer in three phases: continuous (an autoencoder without codes), then k-means codes, where the
 * quantizer has a codebook, and the full loss, then the decoder alone on codes that no longer change. Quantizing
 * from the start would leave most codes unused.
 */
export class TokenizerTrainer {
  readonly model: VqModel;
  readonly config: TokenizerTrainerConfig;
  private readonly learningRate: (step: number) => number;
  /** Parts without parameters are left out. */
  private readonly params: ReadonlyMap<Part, Record<string, tf.Variable>>;
  private readonly optimizers: ReadonlyMap<Part, AdamW>;
  private rng: Rng;
  private done = 0;
  /** Latents `[n, dim]` of the last warm-up batches. */
  private recent: tf.Tensor2D[] = [];

  /** @throws NuwaError `CONFIG` */
  constructor(model: VqModel, config: TokenizerTrainerConfigInput, rng: Rng) {
    this.model = model;
    this.config = parseTrainerConfig(config);
    this.rng = rng;
    const { totalSteps, learningRate, riseShare, finalLearningRate } = this.config;
    this.learningRate = cosineSchedule({
      peak: learningRate,
      warmupSteps: Math.floor(totalSteps * riseShare),
      totalSteps,
      final: finalLearningRate,
    });
    this.params = partsOf(model.trainableParams());
    const { weightDecay, beta2, clipNorm } = this.config;
    this.optimizers = new Map(
      [...this.params].map(([part, params]) => {
        const decay = part === "quantizer" ? 0 : weightDecay;
        return [part, new AdamW(params, { weightDecay: decay, beta2, clipNorm })];
      }),
    );
  }

  /** Steps taken. */
  get step(): number {
    return this.done;
  }

  /** What the next step trains. */
  get phase(): TrainingPhase {
    return phaseOf(this.done, this.config);
  }

  /**
   * One update from a batch, float32 `[b, H, W, C]` in [−1, 1], or class maps, int32 `[b, H, W]`. Reads nothing back,
   * except where the codes are fitted, and the range of class maps where the backend can tell at once.
   *
   * @throws NuwaError `INPUT` after the last step, or when the fitted batches hold fewer latents than codes
   */
  async trainStep(pixels: VqInput): Promise<TokenizerStep> {
    if (this.done >= this.config.totalSteps) {
      throw new NuwaError("INPUT", `TokenizerTrainer: all ${this.config.totalSteps} steps are done.`);
    }
    const { phase } = this;
    if (phase === "quantized" && this.recent.length > 0) await this.fitCodes();
    const result =
      phase === "decoder" ? this.decoderStep(pixels) : this.fullStep(pixels, phase === "quantized");
    this.done++;
    return result;
  }

  /** What there is at the moment of the call. */
  async state(): Promise<TokenizerTrainerState> {
    const [step, rng, recent] = [this.done, this.rng.state(), [...this.recent]];
    const optimizers = [...this.optimizers];
    const [latents, ...states] = await Promise.all([
      readBack(recent),
      ...optimizers.map(([, optimizer]) => optimizer.state()),
    ]);
    const tensors: Record<string, HostTensorData> = {};
    for (const [index, [part]] of optimizers.entries()) {
      for (const [name, tensor] of Object.entries(states[index])) {
        tensors[`${part}Optimizer.${name}`] = tensor;
      }
    }
    for (const [index, { shape }] of recent.entries()) {
      tensors[`recent.${index}`] = { shape, data: latents[index].slice() };
    }
    return { step, rng, tensors };
  }

  /**
   * Continues where `state` was taken; the model's own tensors are loaded apart. Steps from here on are the same,
   * bit for bit, as without the interruption.
   *
   * @throws NuwaError `CHECKPOINT` when the tensors do not fit
   */
  loadState(state: { step: number; rng: RngState; tensors: Record<string, HostTensor> }): void {
    const { step, rng, tensors } = state;
    const under = (prefix: string) =>
      Object.fromEntries(
        Object.entries(tensors)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
      );
    for (const [part, optimizer] of this.optimizers) optimizer.loadState(under(`${part}Optimizer.`));
    tf.dispose(this.recent);
    const recent = under("recent.");
    this.recent = Object.keys(recent).map((_, index) => {
      const { shape, data } = recent[index];
      return tf.tensor2d(Float32Array.from(data, Number), shape as [number, number]);
    });
    this.rng = Rng.from(rng);
    this.done = step;
  }

  /** Frees the optimizers' and the trainer's tensors; the model belongs to its owner. */
  dispose(): void {
    for (const optimizer of this.optimizers.values()) optimizer.dispose();
    tf.dispose(this.recent);
    this.recent = [];
  }

  private fullStep(pixels: VqInput, quantize: boolean): TokenizerStep {
    const { quantizer } = this.model;
    return tf.tidy(() => {
      const { value, gradients } = valueAndGradients(
        () => ({ ...this.model.loss(pixels, { quantize }) }),
        Object.assign({}, ...this.params.values()),
        { allowUnused: !quantize }, // the codes
      );
      for (const part of this.params.keys()) this.updatePart(part, gradients);
      const { loss, reconstruction, commitment, latents, codes } = value;
      if (!codes) {
        if (quantizer.hasCodebook) this.remember(latents);
        return { loss, reconstruction, commitment, ...noCodeUse() };
      }
      const use = quantizer.codeUse(codes);
      quantizer.update(latents, codes, this.rng);
      return { loss, reconstruction, commitment, ...use };
    });
  }

  private decoderStep(pixels: VqInput): TokenizerStep {
    const { quantizer } = this.model;
    return tf.tidy(() => {
      const codes = quantizer.codesOf(this.model.latents(pixels)) as tf.Tensor3D;
      const { value, gradients } = valueAndGradients(
        () => ({ loss: this.model.decoderLoss(codes, pixels) }),
        this.params.get("decoder")!,
      );
      this.updatePart("decoder", gradients);
      const { loss } = value;
      const reconstruction = tf.clone(loss);
      return { loss, reconstruction, commitment: tf.scalar(0), ...quantizer.codeUse(codes) };
    });
  }

  private updatePart(part: Part, gradients: Record<string, tf.Tensor>): void {
    const names = Object.keys(this.params.get(part)!);
    const own = Object.fromEntries(names.map((name) => [name, gradients[name]]));
    this.optimizers.get(part)!.step(own, this.learningRate(this.done));
  }

  private remember(latents: tf.Tensor): void {
    this.recent.push(tf.keep(tf.clone(tf.reshape(latents, [-1, this.model.quantizer.dim]) as tf.Tensor2D)));
    if (this.recent.length > this.config.fitBatches) this.recent.shift()!.dispose();
  }

  private async fitCodes(): Promise<void> {
    const latents = tf.concat(this.recent);
    try {
      await this.model.quantizer.initialise(latents, this.rng);
    } finally {
      latents.dispose();
    }
    tf.dispose(this.recent);
    this.recent = [];
  }
}

/** Parameters by part; what is neither the quantizer's nor the decoder's goes with the encoder. */
function partsOf(params: Record<string, tf.Variable>): Map<Part, Record<string, tf.Variable>> {
  const found = new Map<Part, Record<string, tf.Variable>>();
  const partOf = (name: string) => parts.find((part) => name.startsWith(`${part}.`)) ?? "encoder";
  for (const part of parts) {
    const own = Object.entries(params).filter(([name]) => partOf(name) === part);
    if (own.length > 0) found.set(part, Object.fromEntries(own));
  }
  return found;
}

function noCodeUse(): CodeUse {
  return { perplexity: tf.scalar(0), usage: tf.scalar(0), dead: tf.scalar(0) };
}
