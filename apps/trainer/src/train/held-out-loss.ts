import type { Split } from "@nuwa/data";
import type { EncoderDecoder } from "@nuwa/encdec";
import { jointLoss, TRAINING_TASKS, type TrainingTask } from "@nuwa/tasks";
import { Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { CodeTable } from "./code-table.ts";
import { taskBatch } from "./task-batch.ts";

/** The `splitLoss` of held-out combinations as figures of a history: `heldOut.textToImage` and so on. */
export async function heldOutLoss(model: EncoderDecoder, codes: CodeTable): Promise<Record<string, number>> {
  const losses = await splitLoss(model, codes, "heldOut");
  return Object.fromEntries(Object.entries(losses).map(([task, nll]) => [`heldOut.${task}`, nll]));
}

/**
 * The mean negative log-likelihood of each task on combinations of one split, in nats a token, over the same
 * samples each time. Nothing where the split has no combination.
 */
export async function splitLoss(
  model: EncoderDecoder,
  codes: CodeTable,
  split: Split,
  { images = 48, videos = 8 } = {},
): Promise<Partial<Record<TrainingTask, number>>> {
  const losses: Partial<Record<TrainingTask, number>> = {};
  for (const task of TRAINING_TASKS) {
    const all = (task === "textToImage" ? codes.images : codes.videos)[split];
    if (all.length === 0) continue;
    const rng = new Rng(0).fork(split, task);
    const count = Math.min(all.length, task === "textToImage" ? images : videos);
    const samples = Array.from(rng.permutation(all.length).subarray(0, count), (index) => all[index]);
    const { loss, ...tasks } = jointLoss(model, [taskBatch(task, codes, samples)]);
    loss.dispose();
    const nll = tasks[task] as tf.Scalar;
    losses[task] = (await nll.data())[0];
    nll.dispose();
  }
  return losses;
}
