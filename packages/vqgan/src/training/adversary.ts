import {
  AdamW,
  type HostTensor,
  type HostTensorData,
  loadParams,
  namedParams,
  prefixed,
  type Rng,
  readBack,
  saveParams,
  under,
  valueAndGradients,
} from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { PatchDiscriminator } from "../discriminator.ts";
import { type DiscriminatorLosses, discriminatorLoss } from "../losses/adversarial.ts";
import { type AdversarialStep, adversarialSchedule } from "./adversarial-schedule.ts";
import type { AdversarialConfig } from "./losses-config.ts";
import type { AdversarialPull } from "./output-loss.ts";

const MODEL = "model.";
const OPTIMIZER = "optimizer.";

/** A discriminator and how it trains. */
export class Adversary {
  readonly config: AdversarialConfig;
  readonly discriminator: PatchDiscriminator;
  /** By step, counted from 0. */
  readonly at: (step: number) => AdversarialStep;
  readonly #params: Record<string, tf.Variable>;
  readonly #optimizer: AdamW;

  /** @throws NuwaError `CONFIG` */
  constructor(
    config: AdversarialConfig,
    { channels, totalSteps }: { readonly channels: number; readonly totalSteps: number },
    rng: Rng,
  ) {
    const stepsOf = (share: number): number => Math.floor(share * totalSteps);
    this.config = config;
    this.at = adversarialSchedule({
      startStep: stepsOf(config.startShare),
      leadSteps: stepsOf(config.leadShare),
      warmupSteps: stepsOf(config.riseShare),
      weight: config.weight,
    });
    this.discriminator = PatchDiscriminator.create({ inChannels: channels, ...config.discriminator }, rng);
    this.#params = namedParams(this.discriminator);
    this.#optimizer = new AdamW(this.#params, { beta1: 0.5, beta2: 0.9, weightDecay: 0 });
  }

  /** What the decoder feels of it. */
  pull(weight: tf.Scalar): AdversarialPull {
    const { kind, adaptive } = this.config;
    return { discriminator: this.discriminator, kind, adaptive, weight };
  }

  /**
   * One update. The losses, before it, belong to the caller.
   *
   * @param real pixels `[b, H, W, C]`
   * @param decoded what the decoder made of them
   */
  train(real: tf.Tensor4D, decoded: tf.Tensor4D): DiscriminatorLosses {
    return tf.tidy(() => {
      const { kind, learningRate } = this.config;
      const { value, gradients } = valueAndGradients(
        () => ({
          ...discriminatorLoss(this.discriminator.apply(real), this.discriminator.apply(decoded), kind),
        }),
        this.#params,
      );
      this.#optimizer.step(gradients, learningRate);
      return value;
    });
  }

  /** Weights and optimizer at the moment of the call, on the host. */
  async state(): Promise<Record<string, HostTensorData>> {
    const weights = Object.entries(saveParams(this.discriminator));
    const [values, optimizer] = await Promise.all([
      readBack(weights.map(([, tensor]) => tensor)),
      this.#optimizer.state(),
    ]);
    const model = weights.map(([name, { shape }], index) => [name, { shape, data: values[index].slice() }]);
    return { ...prefixed(Object.fromEntries(model), MODEL), ...prefixed(optimizer, OPTIMIZER) };
  }

  /** @throws NuwaError `CHECKPOINT` when the tensors do not fit */
  loadState(tensors: Readonly<Record<string, HostTensor>>): void {
    loadParams(this.discriminator, under(tensors, MODEL));
    this.#optimizer.loadState(under(tensors, OPTIMIZER));
  }

  dispose(): void {
    this.discriminator.dispose();
    this.#optimizer.dispose();
  }
}
