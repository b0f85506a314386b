import { TRAINING_TASKS } from "@nuwa/tasks";
import { chartFile } from "../gallery/chart.ts";
import { type Evaluation, meanOfTasks } from "./evaluation.ts";
import type { AblationConfig } from "./plan.ts";
import { meanAndDeviation, type Spread } from "./spread.ts";

/** The evaluations of finished runs. */
export interface AblationResults {
  readonly config: AblationConfig;
  /** One list a run, ending with its last evaluation. */
  readonly runs: readonly (readonly Evaluation[])[];
}

/**
 * Titles and a row for each variant that has finished runs: means ± sample standard deviations over the seeds. The
 * difference is that of runs of one seed, which saw the same batches; "trained" is the likelihood of combinations that they train on.
 */
export function ablationTable({ config, runs }: AblationResults): string[][] {
  const ends = runs.map((evaluations) => evaluations.at(-1)!);
  const [first, ...others] = Object.keys(config.ablation.variants);
  const endsOf = (variant: string): Evaluation[] => ends.filter((end) => end.variant === variant);
  const titles = [
    "variant",
    "text → image",
    "prediction",
    "text → video",
    "mean",
    `mean − ${first}'s`,
    "mean, trained",
    "steps",
    "tokens / CPU s",
    "seeds",
  ];
  const rows = [first, ...others].flatMap((variant) => {
    const own = endsOf(variant);
    if (own.length === 0) return [];
    const differences = own.flatMap(({ seed, meanNll }) => {
      const other = endsOf(first).find((end) => end.seed === seed);
      return variant !== first && other ? [meanNll - other.meanNll] : [];
    });
    const spread = (value: (end: Evaluation) => number): Spread => meanAndDeviation(own.map(value));
    return [
      [
        variant,
        ...TRAINING_TASKS.map((task) => likelihood(spread(({ nll }) => nll[task]))),
        likelihood(spread(({ meanNll }) => meanNll)),
        differences.length > 0 ? signed(meanAndDeviation(differences)) : "–",
        likelihood(spread(({ trainedNll }) => meanOfTasks(trainedNll))),
        count(spread(({ steps }) => steps)),
        count(spread(({ tokens, cpuSeconds }) => tokens / cpuSeconds)),
        String(own.length),
      ],
    ];
  });
  return [titles, ...rows];
}

/** An SVG of the mean likelihood over CPU time: a line a variant, the mean of its finished runs. */
export function ablationChart({ config, runs }: AblationResults): string {
  const { variants, evaluations, cpuSeconds } = config.ablation;
  const series = Object.keys(variants).map((name) => {
    const own = runs.filter(([{ variant }]) => variant === name);
    const points = Array.from({ length: own.length > 0 ? evaluations : 0 }, (_, index) => {
      const { mean } = meanAndDeviation(own.map((each) => each[index].meanNll));
      return [((index + 1) / evaluations) * cpuSeconds, mean] as const;
    });
    return { name, points };
  });
  return chartFile(series, {
    title: "Held-out NLL in nats a token, mean of the tasks",
    xLabel: "CPU seconds",
  });
}

const likelihood = ({ mean, deviation }: Spread): string =>
  withDeviation(mean.toFixed(3), deviation?.toFixed(3));

const signed = (spread: Spread): string =>
  `${spread.mean < 0 ? "−" : "+"}${likelihood({ ...spread, mean: Math.abs(spread.mean) })}`;

const count = ({ mean, deviation }: Spread): string => withDeviation(mean.toFixed(0), deviation?.toFixed(0));

const withDeviation = (mean: string, deviation: string | undefined): string =>
  deviation === undefined ? mean : `${mean} ± ${deviation}`;
