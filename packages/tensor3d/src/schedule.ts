import { NuwaError } from "./errors.ts";

export interface CosineScheduleConfig {
  /** The highest learning rate, reached at the last warm-up step. */
  readonly peak: number;
  readonly warmupSteps: number;
  /** The step from which on the rate is `final`. */
  readonly totalSteps: number;
  /** Default 0. */
  readonly final?: number;
}

/**
 * A learning rate that rises in a line to `peak` over the first `warmupSteps` steps (step 0 has
 * `peak / warmupSteps`) and falls to `final` at `totalSteps` along half a cosine.
 *
 * @throws NuwaError `CONFIG`
 */
export function cosineSchedule(config: CosineScheduleConfig): (step: number) => number {
  const { peak, warmupSteps, totalSteps, final = 0 } = config;
  if (!(peak >= 0) || !(final >= 0) || !(warmupSteps >= 0) || !(totalSteps > warmupSteps)) {
    throw new NuwaError(
      "CONFIG",
      `cosineSchedule: wanted peak, final >= 0 and 0 <= warmupSteps < totalSteps, got peak ${peak}, final ${final}, ` +
        `warmupSteps ${warmupSteps}, totalSteps ${totalSteps}.`,
    );
  }
  return (step) => {
    if (step < warmupSteps) return (peak * (step + 1)) / warmupSteps;
    const progress = Math.min((step - warmupSteps) / (totalSteps - warmupSteps), 1);
    return final + (peak - final) * 0.5 * (1 + Math.cos(Math.PI * progress));
  };
}
