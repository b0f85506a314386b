import {
  cosineSchedule,
  type HostTensor,
  type HostTensorData,
  NuwaError,
  prefixed,
  Rng,
  type RngState,
  under,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Compile } from "../compile.ts";
import type { VqInput } from "../input.ts";
import type { FeatureNetwork } from "../losses/perceptual.ts";
import type { PerceptualTerm } from "../losses/tokenizer-losses.ts";
import type { VqModel } from "../model.ts";
import type { CodeUse } from "../quantizers/quantizer.ts";
import { Adversary } from "./adversary.ts";
import {
  parseTrainerConfig,
  phaseOf,
  type TokenizerTrainerConfig,
  type TokenizerTrainerConfigInput,
  type TrainingPhase,
} from "./config.ts";
import { lossesOf, type TokenizerLossesConfig } from "./losses-config.ts";
import { PartOptimizers } from "./part-optimizers.ts";
import { RecentLatents } from "./recent-latents.ts";
import { TokenizerUpdate } from "./tokenizer-update.ts";

/** Scalars of one step, before its update. The caller disposes them. */
export interface TokenizerStep {
  /** What encoder, decoder and quantizer minimise: all terms by their weights. */
  readonly loss: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  /** The quantizer's terms; 0 while nothing is quantized. */
  readonly commitment: tf.Scalar;
  /** `L^P` before its weight; absent where it is not asked for. */
  readonly perceptual?: tf.Scalar;
  /** The decoder's adversarial loss before its weight, and that weight, λ included; absent where it has none. */
  readonly adversarial?: tf.Scalar;
  readonly adversarialWeight?: tf.Scalar;
  /** What the discriminator minimises; absent in steps that do not train it. */
  readonly discriminator?: tf.Scalar;
  /** exp of the entropy of the batch's codes; 0 while nothing is quantized. */
  readonly perplexity: tf.Scalar;
  /** Share of all codes that the batch uses; 0 while nothing is quantized. */
  readonly usage: tf.Scalar;
  /** How many codes are out of use (see `CodeUse`); 0 while nothing is quantized. */
  readonly dead: tf.Scalar;
}

export interface TokenizerTrainerOptions {
  /** The network of the perceptual loss, such as `Vgg16Features`; it stays the caller's. */
  readonly features?: FeatureNetwork;
  /** Weights of its channels (see `lpipsHeads`). */
  readonly heads?: PerceptualTerm["heads"];
  /** Such as `compile` of `@nuwa/backends`, for the steps. Default: they run as they are. */
  readonly compile?: Compile;
}

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
 *
 * A `"vq-gan"` is also trained by how its pictures look and by a discriminator, which starts late and whose weight rises
 * slowly, since at once it would ruin reconstructions.
 */
export class TokenizerTrainer {
  readonly model: VqModel;
  readonly config: TokenizerTrainerConfig;
  /** The terms beside reconstruction and codebook. */
  readonly losses: TokenizerLossesConfig;
  readonly #learningRate: (step: number) => number;
  readonly #optimizers: PartOptimizers;
  readonly #update: TokenizerUpdate;
  readonly #adversary?: Adversary;
  readonly #recent: RecentLatents;
  #rng: Rng;
  #done = 0;

  /** @throws NuwaError `CONFIG`; `INPUT` where the perceptual loss is asked for without `features` */
  constructor(
    model: VqModel,
    config: TokenizerTrainerConfigInput,
    rng: Rng,
    { features, heads, compile }: TokenizerTrainerOptions = {},
  ) {
    this.model = model;
    this.config = parseTrainerConfig(config);
    this.losses = lossesOf(model.config, this.config.losses);
    this.#rng = rng;
    const { totalSteps, learningRate, riseShare, finalLearningRate, fitBatches } = this.config;
    const { perceptual, adversarial } = this.losses;
    this.#learningRate = cosineSchedule({
      peak: learningRate,
      warmupSteps: Math.floor(totalSteps * riseShare),
      totalSteps,
      final: finalLearningRate,
    });
    let term: PerceptualTerm | undefined;
    if (perceptual) {
      if (!features) {
        throw new NuwaError(
          "INPUT",
          "TokenizerTrainer: the perceptual loss wants a feature network, got none. " +
            "Pass { features }, or leave losses.perceptual out.",
        );
      }
      term = { network: features, heads, ...perceptual };
    }
    if (adversarial) {
      const size = { channels: model.config.inChannels, totalSteps };
      this.#adversary = new Adversary(adversarial, size, rng.fork("discriminator"));
    }
    this.#recent = new RecentLatents(fitBatches);
    this.#optimizers = new PartOptimizers(model.trainableParams(), this.config);
    const trained = { model, optimizers: this.#optimizers, perceptual: term, adversary: this.#adversary };
    this.#update = new TokenizerUpdate(trained, compile);
  }

  /** Steps taken. */
  get step(): number {
    return this.#done;
  }

  /** What the next step trains. */
  get phase(): TrainingPhase {
    return phaseOf(this.#done, this.config);
  }

  /**
   * One update from a batch, float32 `[b, H, W, C]` in [−1, 1], or class maps, int32 `[b, H, W]`. Reads nothing back,
   * except where the codes are fitted, and the range of class maps where the backend can tell at once.
   *
   * @throws NuwaError `INPUT` after the last step, or when the fitted batches hold fewer latents than codes
   */
  async trainStep(input: VqInput): Promise<TokenizerStep> {
    if (this.#done >= this.config.totalSteps) {
      throw new NuwaError("INPUT", `TokenizerTrainer: all ${this.config.totalSteps} steps are done.`);
    }
    const { phase } = this;
    if (phase === "quantized" && !this.#recent.isEmpty) {
      await this.#recent.take((latents) => this.model.quantizer.initialise(latents, this.#rng));
    }
    const { trainsDiscriminator, weight } = this.#adversary?.at(this.#done) ?? NO_ADVERSARY;
    const { latents, codes, ...losses } = this.#update.run(
      input,
      { phase, pulls: weight > 0, trainsDiscriminator },
      { learningRate: this.#learningRate(this.#done), adversarialWeight: weight },
    );
    const use = this.#afterUpdate(phase, latents, codes);
    tf.dispose([latents, ...(codes ? [codes] : [])]);
    this.#done++;
    return { ...losses, ...use };
  }

  /** What there is at the moment of the call. */
  async state(): Promise<TokenizerTrainerState> {
    const [step, rng] = [this.#done, this.#rng.state()];
    const [optimizers, recent, adversary] = await Promise.all([
      this.#optimizers.state(),
      this.#recent.state(),
      this.#adversary?.state() ?? {},
    ]);
    return { step, rng, tensors: { ...optimizers, ...recent, ...prefixed(adversary, ADVERSARY) } };
  }

  /**
   * Continues where `state` was taken; the model's own tensors are loaded apart. Steps from here on are the same,
   * bit for bit, as without the interruption.
   *
   * @throws NuwaError `CHECKPOINT` when the tensors do not fit
   */
  loadState({
    step,
    rng,
    tensors,
  }: Omit<TokenizerTrainerState, "tensors"> & { readonly tensors: Record<string, HostTensor> }): void {
    this.#optimizers.loadState(tensors);
    this.#recent.loadState(tensors);
    this.#adversary?.loadState(under(tensors, ADVERSARY));
    this.#rng = Rng.from(rng);
    this.#done = step;
  }

  /** Frees the optimizers', the discriminator's and the trainer's tensors; the model belongs to its owner. */
  dispose(): void {
    this.#update.dispose();
    this.#optimizers.dispose();
    this.#adversary?.dispose();
    this.#recent.clear();
  }

  /** What a step does with latents and codes besides the update. */
  #afterUpdate(phase: TrainingPhase, latents: tf.Tensor4D, codes: tf.Tensor3D | undefined): CodeUse {
    const { quantizer } = this.model;
    return tf.tidy(() => {
      if (!codes) {
        if (quantizer.hasCodebook) this.#recent.add(latents);
        return { ...noCodeUse() };
      }
      const use = quantizer.codeUse(codes);
      if (phase === "quantized") quantizer.update(latents, codes, this.#rng);
      return { ...use };
    });
  }
}

const NO_ADVERSARY = { trainsDiscriminator: false, weight: 0 };

/** Before the names of the discriminator's tensors. */
const ADVERSARY = "adversary.";

function noCodeUse(): CodeUse {
  return { perplexity: tf.scalar(0), usage: tf.scalar(0), dead: tf.scalar(0) };
}
