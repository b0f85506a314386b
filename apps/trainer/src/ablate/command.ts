import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NuwaError } from "@nuwa/tensor3d";
import { writeAtomically } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";
import { selectBackend } from "../backend.ts";
import type { CommandContext } from "../command-context.ts";
import type { BackendName } from "../commands/options.ts";
import { loadConfig } from "../config/load.ts";
import { markdownTable, textTable } from "../console/text-table.ts";
import { interrupted } from "../run/interrupted.ts";
import { openData } from "../train/data.ts";
import { runChild } from "./child.ts";
import { type Evaluation, isFinished, readEvaluations } from "./evaluation.ts";
import { openAblation } from "./folder.ts";
import { inParallel } from "./parallel.ts";
import { type AblationConfig, type AblationRun, ablationConfig, checkVariants, plannedRuns } from "./plan.ts";
import { type AblationResults, ablationChart, ablationTable } from "./report.ts";
import { runOne } from "./run-one.ts";
import { hasTokenizer, takeTokenizer, trainSharedTokenizer } from "./shared-tokenizer.ts";

export interface AblateOptions {
  readonly config: string;
  readonly out: string;
  readonly tokenizer?: string;
  readonly only?: string;
  readonly jobs: number;
  readonly backend: BackendName;
}

/** Begins `nuwa` in a process of its own, whose output goes to a file. */
type StartChild = (args: readonly string[], log: string, signal: AbortSignal) => Promise<void>;

const startNuwa: StartChild = (args, log, signal) =>
  runChild({ script: fileURLToPath(new URL("../main.js", import.meta.url)), args, log, signal });

/** `nuwa ablate`. Every run is a process of its own, so that none profits from what another one warmed up. */
export async function runAblation(
  options: AblateOptions,
  context: CommandContext,
  startChild: StartChild = startNuwa,
): Promise<void> {
  const { out, only, backend } = options;
  const { console, signal } = context;
  const config = ablationConfig(await loadConfig(options.config));
  const runs = plannedRuns(config);
  const one = only === undefined ? undefined : runNamed(only, runs);
  checkVariants(config, await openData(config));
  await prepareFolder(options, config, context);
  if (one) {
    await selectCpu(backend, context, config.ablation.threads);
    return runOne(out, config, one, context);
  }

  const results = new Map<string, readonly Evaluation[]>();
  for (const run of runs) {
    const evaluations = await readEvaluations(out, run);
    if (isFinished(evaluations)) results.set(run.name, evaluations);
  }
  const left = runs.filter(({ name }) => !results.has(name));
  const progress = console.progress("Runs", runs.length, "runs");
  progress.begin(results.size);
  try {
    await inParallel(left, options.jobs, signal, async (run, either) => {
      const args = [
        "ablate",
        "--config",
        join(out, "config.yaml"),
        "--out",
        out,
        "--only",
        run.name,
        "--backend",
        backend,
      ];
      await startChild(args, join(out, "runs", `${run.name}.log`), either);
      const evaluations = await readEvaluations(out, run);
      results.set(run.name, evaluations);
      progress.update(results.size, { [run.name]: evaluations.at(-1)!.meanNll });
      await writeReport(out, { config, runs: [...results.values()] });
    });
  } catch (error) {
    if (signal.aborted) throw interrupted(`Finished runs are kept; go on with: ${commandOf(options)}`);
    throw error;
  } finally {
    progress.finish();
  }
  const report = await writeReport(out, { config, runs: [...results.values()] });
  for (const line of textTable(report.table)) console.line(line);
  for (const file of report.files) console.line(`Wrote ${file}`);
}

/** The ablation's folder with config and tokenizer, which is trained where there is none. */
async function prepareFolder(
  options: AblateOptions,
  config: AblationConfig,
  context: CommandContext,
): Promise<void> {
  const { out, tokenizer, backend } = options;
  const run = await openAblation(out, config);
  await mkdir(join(out, "runs"), { recursive: true });
  if (await hasTokenizer(run)) return;
  await selectBackend(backend, context, config.ablation.threads);
  if (tokenizer !== undefined) return takeTokenizer(tokenizer, run, config);
  await trainSharedTokenizer(run, { ...context, resumeCommand: commandOf(options) });
}

/** CPU time says nothing of a GPU's work. @throws NuwaError `BACKEND` */
async function selectCpu(backend: BackendName, context: CommandContext, threads: number): Promise<void> {
  const { name, device } = await selectBackend(backend, context, threads);
  const { isUsingGpuDevice = false } = tf.backend() as { isUsingGpuDevice?: boolean };
  if (name !== "webgpu" && !isUsingGpuDevice) return;
  throw new NuwaError(
    "BACKEND",
    `nuwa ablate counts CPU time; wanted a backend that computes on the CPU, got ${name} on ${device}.`,
    {
      hint: "Choose --backend node or wasm, and hide the GPU (CUDA_VISIBLE_DEVICES=).",
    },
  );
}

function runNamed(name: string, runs: readonly AblationRun[]): AblationRun {
  const run = runs.find((each) => each.name === name);
  if (run) return run;
  throw new NuwaError("INPUT", `--only ${name}: wanted one of ${runs.map((each) => each.name).join(", ")}.`);
}

const commandOf = ({ config, out, jobs }: AblateOptions): string =>
  `nuwa ablate --config ${config} --out ${out}${jobs > 1 ? ` --jobs ${jobs}` : ""}`;

async function writeReport(
  out: string,
  results: AblationResults,
): Promise<{ table: string[][]; files: string[] }> {
  const table = ablationTable(results);
  const files = [join(out, "table.md"), join(out, "chart.svg")];
  await writeAtomically(files[0], `${markdownTable(table).join("\n")}\n`);
  await writeAtomically(files[1], ablationChart(results));
  return { table, files };
}
