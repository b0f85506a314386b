import * as tf from "@tensorflow/tfjs-core";
import { latentsOf } from "../codec.ts";
import type { Compile, TensorStep } from "../compile.ts";
import { decoderPass, forwardPass } from "../forward-pass.ts";
import { checkInput, type VqInput } from "../input.ts";
import type { PerceptualTerm } from "../losses/tokenizer-losses.ts";
import type { VqModel } from "../model.ts";
import type { CodeUse } from "../quantizers/quantizer.ts";
import type { Adversary } from "./adversary.ts";
import type { TrainingPhase } from "./config.ts";
import { type GeneratorStep, generatorStep } from "./generator-step.ts";
import { type PartOptimizers, parts } from "./part-optimizers.ts";
import type { TokenizerStep } from "./trainer.ts";

/** What an update does; two of a kind differ in numbers only. */
export interface UpdateKind {
  readonly phase: TrainingPhase;
  /** Whether the decoder feels the discriminator. */
  readonly pulls: boolean;
  readonly trainsDiscriminator: boolean;
}

/** Numbers of an update. */
export interface UpdateRates {
  readonly learningRate: number;
  readonly adversarialWeight: number;
}

/** The losses before an update, and what it made of the input. */
export type Updated = Omit<TokenizerStep, keyof CodeUse> & {
  readonly latents: tf.Tensor4D;
  readonly codes?: tf.Tensor3D;
};

/** What is trained, and by what. */
export interface UpdateParts {
  readonly model: VqModel;
  readonly optimizers: PartOptimizers;
  readonly perceptual?: PerceptualTerm;
  readonly adversary?: Adversary;
}

/** The part of training steps that computes from tensors only, compiled if asked for. */
export class TokenizerUpdate {
  readonly #parts: UpdateParts;
  readonly #compile?: Compile;
  readonly #compiled = new Map<string, ReturnType<Compile>>();

  constructor(parts: UpdateParts, compile?: Compile) {
    this.#parts = parts;
    this.#compile = compile;
  }

  /**
   * Updates the model and the discriminator. The caller disposes the tensors.
   *
   * @throws NuwaError `SHAPE`; `INPUT` for classes out of range
   */
  run(input: VqInput, kind: UpdateKind, { learningRate, adversarialWeight }: UpdateRates): Updated {
    checkInput(this.#parts.model.config, input); // reads classes, which a compiled step cannot
    const numbers = [tf.scalar(learningRate), tf.scalar(adversarialWeight)] as const;
    try {
      if (!this.#compile) return this.#compute(input, kind, ...numbers);
      return this.#compiledFor(kind, this.#compile)(input, ...numbers) as Updated;
    } finally {
      tf.dispose([...numbers]);
    }
  }

  dispose(): void {
    for (const step of this.#compiled.values()) step.dispose();
  }

  #compiledFor(kind: UpdateKind, compile: Compile): TensorStep {
    const key = JSON.stringify(kind);
    let step = this.#compiled.get(key);
    if (!step) {
      step = compile((input, ...numbers) =>
        this.#compute(input as VqInput, kind, ...(numbers as [tf.Scalar, tf.Scalar])),
      );
      this.#compiled.set(key, step);
    }
    return step;
  }

  #compute(input: VqInput, kind: UpdateKind, learningRate: tf.Scalar, weight: tf.Scalar): Updated {
    const { model, optimizers, perceptual, adversary } = this.#parts;
    const which = kind.phase === "decoder" ? (["decoder"] as const) : parts;
    return tf.tidy(() => {
      const aims = {
        target: input,
        perceptual,
        adversarial: kind.pulls ? adversary!.pull(weight) : undefined,
      };
      const allowUnused = kind.phase === "continuous"; // the codes
      const { pass, losses, gradients } = generatorStep(
        model,
        this.#forward(input, kind),
        aims,
        optimizers.paramsOf(which),
        {
          allowUnused,
        },
      );
      optimizers.step(which, gradients, learningRate);
      const { latents, codes } = pass;
      const updated = { ...losses, latents, ...(codes ? { codes } : {}) };
      if (!kind.trainsDiscriminator) return updated;
      return { ...updated, discriminator: adversary!.train(input as tf.Tensor4D, pass.decoded).loss };
    });
  }

  #forward(
    input: VqInput,
    { phase }: UpdateKind,
  ): () => GeneratorStep<ReturnType<typeof forwardPass>>["pass"] {
    const { model } = this.#parts;
    if (phase !== "decoder") return () => forwardPass(model, input, phase === "quantized");
    const { quantizer } = model;
    const latents = latentsOf(model, input);
    const codes = quantizer.codesOf(latents) as tf.Tensor3D;
    const fixed = quantizer.latentsOf(codes) as tf.Tensor4D;
    return () => ({ latents, codes, commitment: tf.scalar(0), ...decoderPass(model, fixed) });
  }
}
