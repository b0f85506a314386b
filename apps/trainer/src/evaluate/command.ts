import { writeAtomically } from "@nuwa/tensor3d/node";
import { selectBackend } from "../backend.ts";
import type { CommandContext } from "../command-context.ts";
import type { BackendName } from "../commands/options.ts";
import { dataOf, disposeModel, loadModel } from "../model/model-folder.ts";
import { evaluateModel } from "./evaluate.ts";
import { judgeRows, tableLines, testRows } from "./test-table.ts";
import { trainedJudge } from "./train-judge.ts";

export interface EvaluateOptions {
  readonly model: string;
  readonly out?: string;
  readonly seed: number;
  readonly images: number;
  readonly videos: number;
  readonly judgeSteps: number;
  readonly judgeBatch: number;
  readonly backend: BackendName;
}

/** `nuwa evaluate`. */
export async function runEvaluate(options: EvaluateOptions, context: CommandContext): Promise<void> {
  const { seed, images, videos, judgeSteps, judgeBatch, out } = options;
  const { console } = context;
  await selectBackend(options.backend, context);
  const model = await loadModel(options.model);
  try {
    const dataset = await dataOf(model);
    const training = { steps: judgeSteps, images: judgeBatch, clips: Math.ceil(judgeBatch / 4) };
    const judgeOptions = { training, seed, accuracy: { images: 2 * images, videos: 2 * videos } };
    const { judge, accuracy } = await trainedJudge(model, dataset, judgeOptions, context);
    try {
      const counts = { images, predictions: videos, videos };
      const { test } = await evaluateModel(model, dataset, judge, { ...counts, seed, ...context });
      for (const line of tableLines("The judge on real pictures", judgeRows(accuracy))) console.line(line);
      console.line();
      for (const line of tableLines("The model", testRows(test))) console.line(line);
      if (out !== undefined) {
        await writeAtomically(out, `${JSON.stringify({ judge: accuracy, captionTest: test }, null, 2)}\n`);
        console.line(`Wrote ${out}`);
      }
    } finally {
      judge.dispose();
    }
  } finally {
    disposeModel(model);
  }
}
