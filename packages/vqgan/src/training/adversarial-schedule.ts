import { NuwaError } from "@nuwa/tensor3d";
import { z } from "zod";

const steps = z.int().nonnegative();

const schema = z
  .strictObject({
    /** Steps before the discriminator exists, for decoder and codebook to settle. */
    startStep: steps,
    /** Steps from then on in which the discriminator trains and the decoder does not feel it yet. */
    leadSteps: steps.default(100),
    /** Steps after those in which the weight rises in a line to `weight`. */
    warmupSteps: steps.default(500),
    /** The final weight of the adversarial loss, before λ. */
    weight: z.number().nonnegative().default(0.1),
  })
  .readonly();

/** When the adversarial loss acts: plain JSON. */
export type AdversarialScheduleConfig = z.output<typeof schema>;
/** The same before defaults are filled in. */
export type AdversarialScheduleConfigInput = z.input<typeof schema>;

export interface AdversarialStep {
  /** Whether the discriminator trains in this step. */
  readonly trainsDiscriminator: boolean;
  /** The weight of the decoder's adversarial loss; 0: leave the discriminator out of the decoder's step. */
  readonly weight: number;
}

/**
 * The adversarial loss by step, counted from 0: nothing before `startStep`; then `leadSteps` steps that train the
 * discriminator alone, since the gradient of one that knows nothing yet only spoils reconstructions; then the
 * weight rises to `weight`, which it has after `warmupSteps` steps.
 *
 * @throws NuwaError `CONFIG` that lists every wrong, missing and unknown field
 */
export function adversarialSchedule(
  config: AdversarialScheduleConfigInput,
): (step: number) => AdversarialStep {
  const result = schema.safeParse(config);
  if (!result.success) {
    throw new NuwaError("CONFIG", `adversarialSchedule: ${z.prettifyError(result.error)}`);
  }
  const { startStep, leadSteps, warmupSteps, weight } = result.data;
  return (step) => {
    const felt = step - startStep - leadSteps + 1; // steps that the decoder feels, this one included
    if (felt <= 0) return { trainsDiscriminator: step >= startStep, weight: 0 };
    return { trainsDiscriminator: true, weight: felt < warmupSteps ? (weight * felt) / warmupSteps : weight };
  };
}
