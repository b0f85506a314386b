import { EncoderDecoder, generate } from "@nuwa/encdec";
import { namedParams, parameterCount, Rng, randomNormal, tokenCount } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";
import { sampler as drawing } from "./generation-sizes.mjs";

const { guidance, ...sampler } = drawing;

/** Our model on the selected backend, with a text and ways to time and check its generation. */
export function createOurs(config, seed) {
  const rng = new Rng(seed);
  const model = EncoderDecoder.create(config, rng.fork("weights"));
  disturb(model, rng.fork("disturbance"));
  const text = rng.fork("text").integers(config.textLength, config.textVocabulary);
  const condition = { kind: "text", tokens: text };

  return {
    text,
    codes: rng.fork("codes").integers(tokenCount(config.targetGrid), config.codebookSize),
    parameters: parameterCount(model),
    save: (path) => writeSafetensors(path, namedParams(model)),
    /** How long a video takes, in seconds. */
    async seconds({ guided = false, grid = config.targetGrid } = {}) {
      const started = performance.now();
      await generate(model, { condition, grid, sampler, guidance: guided ? guidance : 1 });
      return (performance.now() - started) / 1000;
    },
    /** The likeliest codes of a video, `[tokens]`. */
    async greedy({ guided }) {
      const [codes] = await generate(model, {
        condition,
        grid: config.targetGrid,
        sampler: { temperature: 0 },
        guidance: guided ? guidance : 1,
      });
      return codes;
    },
    /** Writes `logits` `[count, codebookSize]` of the first tokens, given `codes`. */
    async saveLogits(path, codes, count) {
      const logits = tf.tidy(() => {
        const targets = tf.tensor2d(codes, [1, codes.length], "int32");
        const all = model.logits({ conditions: [condition], targets, grid: config.targetGrid });
        return tf.reshape(tf.slice(all, [0, 0, 0], [1, count, -1]), [count, config.codebookSize]);
      });
      await writeSafetensors(path, { logits });
      logits.dispose();
    },
    dispose: () => model.dispose(),
  };
}

/** Moves every weight: new biases and gains are all equal, so no check would notice that they are mixed up. */
function disturb(model, rng) {
  for (const [name, param] of Object.entries(namedParams(model))) {
    tf.tidy(() => {
      param.assign(tf.add(param, randomNormal(param.shape, rng.fork(name), { std: 0.02 })));
    });
  }
}
