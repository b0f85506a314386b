import type { EncoderDecoder } from "@nuwa/encdec";
import { jointLoss, TRAINING_TASKS } from "@nuwa/tasks";
import { Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import type { CodeTable } from "./code-table.ts";
import { taskBatch } from "./task-batch.ts";

/**
 * The mean negative log-likelihood of each task on held-out combinations, in nats a token, over the same
 * samples each time. Nothing where no combination is held out.
 */
export async function heldOutLoss(
  model: EncoderDecoder,
  codes: CodeTable,
  { images = 48, videos = 8 } = {},
): Promise<Record<string, number>> {
  const losses: Record<string, number> = {};
  for (const task of TRAINING_TASKS) {
    const all = (task === "textToImage" ? codes.images : codes.videos).heldOut;
    if (all.length === 0) continue;
    const rng = new Rng(0).fork("held out", task);
    const count = Math.min(all.length, task === "textToImage" ? images : videos);
    const samples = Array.from(rng.permutation(all.length).subarray(0, count), (index) => all[index]);
    const { loss, ...tasks } = jointLoss(model, [taskBatch(task, codes, samples)], { noneShare: 0, rng });
    loss.dispose();
    const nll = tasks[task] as tf.Scalar;
    losses[`heldOut.${task}`] = (await nll.data())[0];
    nll.dispose();
  }
  return losses;
}
