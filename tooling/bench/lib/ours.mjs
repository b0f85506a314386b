import { EncoderDecoder } from "@nuwa/encdec";
import { autocast, Rng, tokenCount } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { createTrainer } from "./own-trainer.mjs";
import { optimizer } from "./sizes.mjs";

/** A batch of random codes and texts: `targets` `[batch * tokens]`, `texts` of full length. */
export function drawBatch({ batch, config }, seed) {
  const rng = new Rng(seed).fork("batch");
  const targets = rng.integers(batch * tokenCount(config.targetGrid), config.codebookSize);
  const texts = Array.from({ length: batch }, () => rng.integers(config.textLength, config.textVocabulary));
  return { targets, texts };
}

/**
 * Our model on the selected backend, as `createTrainer` gives it.
 *
 * @param options `checkpointing`, the `precision` of matrix products, and the mode in which the step is `compiled`, if it is
 */
export function createOurs(
  { batch, config },
  { targets, texts },
  seed,
  { checkpointing = false, precision = "float32", compiled } = {},
) {
  const model = EncoderDecoder.create(config, new Rng(seed).fork("weights"));
  const grid = config.targetGrid;
  const codes = tf.tensor2d(targets, [batch, tokenCount(grid)], "int32");
  const conditions = texts.map((tokens) => ({ kind: "text", tokens }));
  const lossOf = (targets) =>
    autocast(precision, () => model.loss({ conditions, targets, grid, checkpointing }).loss);
  return createTrainer(model, lossOf, codes, { optimizer, mode: compiled });
}
