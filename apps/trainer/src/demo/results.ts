import { availableParallelism, cpus } from "node:os";
import type { SelectedBackend } from "@nuwa/backends";
import type { MovingOpenMoji } from "@nuwa/data";
import { parameterCount } from "@nuwa/tensor3d";
import type { RunConfig } from "../config/schema.ts";
import type { CaptionTest } from "../evaluate/evaluate.ts";
import type { JudgeAccuracy } from "../judge/index.ts";
import type { HistoryEntry } from "../run/history.ts";
import type { TrainedRun } from "../train/train.ts";

/** Every figure of a demo: the content of `gallery/results.json`. Times are in seconds, shares from 0 to 1. */
export interface DemoResults {
  readonly format: "nuwa-demo-results";
  readonly version: 1;
  readonly config: RunConfig;
  readonly machine: { readonly backend: string; readonly device: string; readonly detail: string } & {
    readonly processor: string;
    readonly cores: number;
    readonly node: string;
  };
  readonly data: {
    readonly emoji: readonly string[];
    readonly backgrounds: readonly string[];
    readonly motions: readonly string[];
    readonly imageCombinations: Readonly<Record<"train" | "heldOut", number>>;
    readonly videoCombinations: Readonly<Record<"train" | "heldOut", number>>;
  };
  readonly tokenizer: StageResults & { readonly psnr: Readonly<Record<"train" | "heldOut", number>> };
  readonly transformer: StageResults;
  readonly judge: JudgeAccuracy;
  readonly captionTest: CaptionTest;
  readonly seconds: Readonly<Record<string, number>>;
}

interface StageResults {
  readonly parameters: number;
  readonly steps: number;
  /** The last figures of each curve. */
  readonly final: Readonly<Record<string, number>>;
  readonly history: readonly HistoryEntry[];
}

export interface DemoFigures {
  readonly config: RunConfig;
  readonly backend: SelectedBackend;
  readonly trained: TrainedRun;
  readonly psnr: DemoResults["tokenizer"]["psnr"];
  readonly judge: JudgeAccuracy;
  readonly captionTest: CaptionTest;
  readonly seconds: DemoResults["seconds"];
}

export function demoResults({
  config,
  backend,
  trained,
  psnr,
  judge,
  captionTest,
  seconds,
}: DemoFigures): DemoResults {
  const { dataset } = trained.data;
  return {
    format: "nuwa-demo-results",
    version: 1,
    config,
    machine: {
      backend: backend.name,
      device: backend.device,
      detail: backend.detail,
      processor: cpus()[0]?.model.trim() ?? "unknown",
      cores: availableParallelism(),
      node: process.versions.node,
    },
    data: {
      emoji: dataset.emoji,
      backgrounds: dataset.backgrounds,
      motions: dataset.motions,
      imageCombinations: sizes(dataset.combinations.images),
      videoCombinations: sizes(dataset.combinations.videos),
    },
    tokenizer: { ...stageResults(trained.tokenizer, trained.tokenizerPosition.history), psnr },
    transformer: stageResults(trained.model!.transformer, trained.transformerPosition!.history),
    judge,
    captionTest,
    seconds,
  };
}

function stageResults(model: object, history: readonly HistoryEntry[]): StageResults {
  return {
    parameters: parameterCount(model),
    steps: history.at(-1)?.step ?? 0,
    final: Object.assign({}, ...history.map(({ values }) => values)) as Record<string, number>,
    history,
  };
}

const sizes = ({ train, heldOut }: MovingOpenMoji["combinations"]["images" | "videos"]) => ({
  train: train.length,
  heldOut: heldOut.length,
});
