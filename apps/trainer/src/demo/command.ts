import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { selectBackend } from "../backend.ts";
import type { CommandContext } from "../command-context.ts";
import type { BackendName } from "../commands/options.ts";
import { loadConfig } from "../config/load.ts";
import type { RunConfig } from "../config/schema.ts";
import { formatDuration } from "../console/duration.ts";
import { evaluateModel } from "../evaluate/evaluate.ts";
import { judgeRows, tableLines, testRows } from "../evaluate/test-table.ts";
import { trainedJudge } from "../evaluate/train-judge.ts";
import { writeGallery } from "../gallery/write-gallery.ts";
import { createRun, openRun, type RunFolder } from "../run/run-folder.ts";
import { reconstructionPsnr } from "../train/tokenizer-quality.ts";
import { trainRun } from "../train/train.ts";
import { demoResults } from "./results.ts";

export interface DemoOptions {
  readonly config?: string;
  readonly out: string;
  readonly run: string;
  readonly resume?: boolean;
  readonly backend: BackendName;
}

/** `nuwa demo`: trains from scratch, judges, and writes the gallery. */
export async function runDemo(options: DemoOptions, context: CommandContext): Promise<void> {
  const { console } = context;
  const started = performance.now();
  const seconds: Record<string, number> = {};
  const backend = await selectBackend(options.backend, context);
  const slow = backend.name === "wasm" || backend.name === "cpu";
  if (slow) {
    console.line(
      `The ${backend.name} backend is slower than libtensorflow (see: nuwa doctor); this takes longer.`,
    );
  }
  const name = options.config ?? (slow ? "tiny-wasm" : "tiny");
  // The demo's own run begins anew each time; only a run of this command is ever removed.
  const run = options.resume
    ? await openRun(options.run)
    : await freshRun(options.run, await loadConfig(name));
  const { config } = run;
  console.line(`Configuration: ${config.name}. Run: ${run.path}`);

  const trained = await trainRun(run, "both", {
    ...context,
    resumeCommand: `nuwa demo --resume --run ${run.path}`,
  });
  try {
    const { dataset } = trained.data;
    const model = trained.model!;
    seconds.tokenizer = trained.tokenizerPosition.seconds;
    seconds.codes = trained.codeSeconds!;
    seconds.transformer = trained.transformerPosition!.seconds;
    const psnr = {
      train: await reconstructionPsnr(trained.tokenizer, dataset, "train"),
      heldOut: await reconstructionPsnr(trained.tokenizer, dataset, "heldOut"),
    };
    console.line(
      `Reconstructions: ${psnr.train.toFixed(1)} dB on trained, ${psnr.heldOut.toFixed(1)} dB on held-out pictures`,
    );

    const { images, predictions, videos, judge: training } = config.demo;
    const judgeOptions = {
      training,
      seed: config.seed,
      accuracy: { images: 2 * images, videos: 2 * videos },
    };
    const {
      judge,
      accuracy,
      seconds: judgeSeconds,
    } = await trainedJudge(model, dataset, judgeOptions, context);
    seconds.judge = judgeSeconds;
    try {
      const evaluationOptions = { images, predictions, videos, seed: config.seed, ...context };
      const evaluation = await evaluateModel(model, dataset, judge, evaluationOptions);
      Object.assign(seconds, evaluation.seconds);
      seconds.total = (performance.now() - started) / 1000;
      const figures = {
        config,
        backend,
        trained,
        psnr,
        judge: accuracy,
        captionTest: evaluation.test,
        seconds,
      };
      const results = demoResults(figures);
      console.line();
      for (const line of tableLines("The judge on real pictures", judgeRows(accuracy))) console.line(line);
      console.line();
      for (const line of tableLines("The model", testRows(evaluation.test))) console.line(line);
      console.line();
      await writeGallery(options.out, { results, trained, evaluation });
    } finally {
      judge.dispose();
    }
  } finally {
    trained.dispose();
  }
  console.line(`Done in ${formatDuration((performance.now() - started) / 1000)}.`);
  console.line(`Gallery: ${resolve(options.out, "index.html")}`);
  console.line(`Figures: ${resolve(options.out, "results.json")}`);
}

async function freshRun(path: string, config: RunConfig): Promise<RunFolder> {
  const old = await openRun(path).catch(() => undefined);
  if (old) await rm(path, { recursive: true, force: true });
  return createRun(path, config);
}
