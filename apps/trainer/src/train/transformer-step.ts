import { type CompiledStep, compile, type Mode } from "@nuwa/backends";
import type { EncoderDecoder } from "@nuwa/encdec";
import { type BatchInputs, jointInputs, jointLossOf, type TaskBatch } from "@nuwa/tasks";
import { type AdamW, accumulateGradients, autocast, type Rng } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { WholeRunConfig } from "../config/schema.ts";
import { kindOf, tensorsOf, withTensors } from "./batch-tensors.ts";
import { compileMode } from "./compile-mode.ts";

/** A model in training. */
export interface Learner {
  readonly model: EncoderDecoder;
  readonly params: Record<string, tf.Variable>;
  readonly optimizer: AdamW;
}

/** What of a config a step reads. */
type Training = Pick<
  WholeRunConfig["transformer"]["train"],
  "noneShare" | "wordDropout" | "inputNoise" | "checkpointing" | "precision" | "compile"
>;

export interface StepSettings {
  readonly rng: Rng;
  readonly learningRate: number;
  readonly blindShare: number;
}

type Scalars = Record<string, tf.Scalar>;

/** The steps of a training. Steps of a kind are compiled, unless the config forbids it. */
export class TransformerSteps {
  readonly #learner: Learner;
  readonly #training: Training;
  readonly #compiled = new Map<string, CompiledStep<tf.Tensor[], Scalars>>();

  constructor(learner: Learner, training: Training) {
    this.#learner = learner;
    this.#training = training;
  }

  /**
   * One update, by the mean of the gradients of some batches of equal size and of the same task.
   *
   * @returns the mean losses under the names of the tasks, and `gradientNorm`; the caller disposes the scalars
   */
  run(batches: readonly TaskBatch[], { rng, learningRate, blindShare }: StepSettings): Scalars {
    const { model } = this.#learner;
    const { noneShare, wordDropout, inputNoise } = this.#training;
    const mode = compileMode(this.#training.compile);
    const options = { noneShare, wordDropout, inputNoise, blindShare };
    const drawn = batches.flatMap((batch, index) => {
      const own = batches.length === 1 ? rng : rng.fork("part", index);
      return jointInputs(model, [batch], { ...options, rng: own });
    });
    const tensors = tensorsOf(drawn);
    const rate = tf.scalar(learningRate);
    try {
      return mode ? this.#compiledFor(drawn, mode)(rate, ...tensors) : this.#update(drawn, rate);
    } finally {
      tf.dispose([rate, ...tensors]);
    }
  }

  dispose(): void {
    for (const step of this.#compiled.values()) step.dispose();
  }

  #compiledFor(drawn: readonly BatchInputs[], mode: Mode): CompiledStep<tf.Tensor[], Scalars> {
    const kind = kindOf(drawn);
    const known = this.#compiled.get(kind);
    if (known) return known;
    const step = compile(
      (rate: tf.Tensor, ...tensors: tf.Tensor[]) =>
        this.#update(withTensors(drawn, tensors), rate as tf.Scalar),
      { mode },
    );
    this.#compiled.set(kind, step);
    return step;
  }

  #update(batches: readonly BatchInputs[], learningRate: tf.Scalar): Scalars {
    const { model, params, optimizer } = this.#learner;
    const { precision, checkpointing } = this.#training;
    const lossOf = (index: number) =>
      autocast(precision, () => jointLossOf(model, [batches[index]], { checkpointing }));
    return tf.tidy(() => {
      const { value, gradients } = accumulateGradients(batches.length, lossOf, params);
      const gradientNorm = optimizer.step(gradients, learningRate);
      const { loss, ...tasks } = value;
      loss.dispose();
      return { ...tasks, gradientNorm };
    });
  }
}
