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
import { decoderPass, type ForwardPass, forwardPass } from "../forward-pass.ts";
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
import { generatorStep } from "./generator-step.ts";
import { lossesOf, type TokenizerLossesConfig } from "./losses-config.ts";
import { type Part, PartOptimizers, parts } from "./part-optimizers.ts";
import { RecentLatents } from "./recent-latents.ts";

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
  readonly #perceptual?: PerceptualTerm;
  readonly #adversary?: Adversary;
  readonly #recent: RecentLatents;
  #rng: Rng;
  #done = 0;

  /** @throws NuwaError `CONFIG`; `INPUT` where the perceptual loss is asked for without `features` */
  constructor(
    model: VqModel,
    config: TokenizerTrainerConfigInput,
    rng: Rng,
    { features, heads }: TokenizerTrainerOptions = {},
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
    if (perceptual) {
      if (!features) {
        throw new NuwaError(
          "INPUT",
          "TokenizerTrainer: the perceptual loss wants a feature network, got none. " +
            "Pass { features }, or leave losses.perceptual out.",
        );
      }
      this.#perceptual = { network: features, heads, ...perceptual };
    }
    if (adversarial) {
      const size = { channels: model.config.inChannels, totalSteps };
      this.#adversary = new Adversary(adversarial, size, rng.fork("discriminator"));
    }
    this.#recent = new RecentLatents(fitBatches);
    this.#optimizers = new PartOptimizers(model.trainableParams(), this.config);
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
    const result =
      phase === "decoder" ? this.#decoderStep(input) : this.#fullStep(input, phase === "quantized");
    this.#done++;
    return result;
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
    this.#optimizers.dispose();
    this.#adversary?.dispose();
    this.#recent.clear();
  }

  #fullStep(input: VqInput, quantize: boolean): TokenizerStep {
    const { quantizer } = this.model;
    return tf.tidy(() => {
      const { pass, losses } = this.#update(input, parts, () => forwardPass(this.model, input, quantize));
      const { latents, codes } = pass;
      if (!codes) {
        if (quantizer.hasCodebook) this.#recent.add(latents);
        return { ...losses, ...noCodeUse() };
      }
      const use = quantizer.codeUse(codes);
      quantizer.update(latents, codes, this.#rng);
      return { ...losses, ...use };
    });
  }

  #decoderStep(input: VqInput): TokenizerStep {
    const { quantizer } = this.model;
    return tf.tidy(() => {
      const codes = quantizer.codesOf(this.model.latents(input)) as tf.Tensor3D;
      const { losses } = this.#update(input, ["decoder"], () => ({
        commitment: tf.scalar(0),
        ...decoderPass(this.model, quantizer.latentsOf(codes) as tf.Tensor4D),
      }));
      return { ...losses, ...quantizer.codeUse(codes) };
    });
  }

  /** Updates parts of the model by a pass, and the discriminator by what the pass decoded. */
  #update<Pass extends Pick<ForwardPass, "commitment" | "features" | "decoded">>(
    input: VqInput,
    which: readonly Part[],
    forward: () => Pass,
  ): { pass: Pass; losses: Omit<TokenizerStep, keyof CodeUse> } {
    const adversary = this.#adversary;
    const { trainsDiscriminator, weight } = adversary?.at(this.#done) ?? {
      trainsDiscriminator: false,
      weight: 0,
    };
    const aims = {
      target: input,
      perceptual: this.#perceptual,
      adversarial: weight > 0 ? adversary!.pull(weight) : undefined,
    };
    const params = this.#optimizers.paramsOf(which);
    const allowUnused = this.phase === "continuous"; // the codes
    const { pass, losses, gradients } = generatorStep(this.model, forward, aims, params, { allowUnused });
    this.#optimizers.step(which, gradients, this.#learningRate(this.#done));
    if (!trainsDiscriminator) return { pass, losses };
    const { loss: discriminator } = adversary!.train(input as tf.Tensor4D, pass.decoded);
    return { pass, losses: { ...losses, discriminator } };
  }
}

/** Before the names of the discriminator's tensors. */
const ADVERSARY = "adversary.";

function noCodeUse(): CodeUse {
  return { perplexity: tf.scalar(0), usage: tf.scalar(0), dead: tf.scalar(0) };
}
