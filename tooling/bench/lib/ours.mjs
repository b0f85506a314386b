import { compile } from "@nuwa/backends";
import { EncoderDecoder } from "@nuwa/encdec";
import {
  AdamW,
  autocast,
  namedParams,
  parameterCount,
  Rng,
  tokenCount,
  valueAndGradients,
} from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";
import { optimizer as settings } from "./sizes.mjs";

/** A batch of random codes and texts: `targets` `[batch * tokens]`, `texts` of full length. */
export function drawBatch({ batch, config }, seed) {
  const rng = new Rng(seed).fork("batch");
  const targets = rng.integers(batch * tokenCount(config.targetGrid), config.codebookSize);
  const texts = Array.from({ length: batch }, () => rng.integers(config.textLength, config.textVocabulary));
  return { targets, texts };
}

/**
 * Our model on the selected backend, with a `train(steps)` like the peer's.
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
  const { learningRate, ...adam } = settings;
  const params = namedParams(model);
  const optimizer = new AdamW(params, adam);
  const grid = config.targetGrid;
  const codes = tf.tensor2d(targets, [batch, tokenCount(grid)], "int32");
  const conditions = texts.map((tokens) => ({ kind: "text", tokens }));

  function update(targets) {
    const { value, gradients } = valueAndGradients(
      () => ({
        loss: autocast(precision, () => model.loss({ conditions, targets, grid, checkpointing }).loss),
      }),
      params,
    );
    optimizer.step(gradients, learningRate);
    return { loss: value.loss };
  }
  const fast = compiled ? compile(update, { mode: compiled }) : undefined;

  async function step() {
    const started = performance.now();
    const { loss } = fast ? fast(codes) : tf.tidy(() => update(codes));
    const [value] = await loss.data();
    loss.dispose();
    return { seconds: (performance.now() - started) / 1000, loss: value };
  }

  return {
    parameters: parameterCount(model),
    /** What the compiled step runs. */
    program: () => fast.records[0].program,
    save: (path) => writeSafetensors(path, params),
    async train(steps) {
      const done = [];
      for (let index = 0; index < steps; index++) done.push(await step());
      return { seconds: done.map(({ seconds }) => seconds), losses: done.map(({ loss }) => loss) };
    },
    dispose() {
      fast?.dispose();
      optimizer.dispose();
      codes.dispose();
      model.dispose();
    },
  };
}
