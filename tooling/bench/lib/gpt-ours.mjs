import { Embedding, gelu, LayerNorm, Linear, Rng, sparseCrossEntropy } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { gpt, optimizer } from "./gpt-sizes.mjs";
import { createTrainer } from "./own-trainer.mjs";
import { stripAttention } from "./strip-attention.mjs";

const { dim, heads, layers, tokens, batch, vocabulary } = gpt;
const headDim = dim / heads;

/** `batch` rows of one code more than `tokens`: each code's target is the next one. */
export function drawGptBatch(seed) {
  return new Rng(seed).fork("batch").integers(batch * (tokens + 1), vocabulary);
}

/** Queries that attend together. */
const strip = 64;

/** Full causal attention of query, key and value `[batch, tokens, dim]`. */
function attend(inputs) {
  return mergeHeads(stripAttention(inputs.map(splitHeads), strip));
}

/** `[batch, tokens, dim]` -> `[batch * heads, tokens, headDim]`. */
function splitHeads(x) {
  const split = tf.transpose(tf.reshape(x, [batch, tokens, heads, headDim]), [0, 2, 1, 3]);
  return tf.reshape(split, [batch * heads, tokens, headDim]);
}

/** Undoes `splitHeads`. */
function mergeHeads(x) {
  const merged = tf.transpose(tf.reshape(x, [batch, heads, tokens, headDim]), [0, 2, 1, 3]);
  return tf.reshape(merged, [batch, tokens, dim]);
}

function createModel(rng) {
  const linear = (inFeatures, outFeatures) => new Linear({ inFeatures, outFeatures }, rng);
  return {
    tokens: new Embedding({ count: vocabulary, dim }, rng),
    positions: new Embedding({ count: tokens, dim }, rng),
    blocks: Array.from({ length: layers }, () => ({
      attentionNorm: new LayerNorm({ dim }),
      queryKeyValue: linear(dim, 3 * dim),
      output: linear(dim, dim),
      feedForwardNorm: new LayerNorm({ dim }),
      expand: linear(dim, 4 * dim),
      contract: linear(4 * dim, dim),
    })),
    norm: new LayerNorm({ dim }),
    head: linear(dim, vocabulary),
  };
}

/** The mean over all codes of the next code's negative log-likelihood. */
function lossOf(model, attends, codes) {
  const inputs = tf.slice(codes, [0, 0], [batch, tokens]);
  const targets = tf.slice(codes, [0, 1], [batch, tokens]);
  let x = tf.add(model.tokens.apply(inputs), model.positions.params.weight); // [batch, tokens, dim]
  for (const block of model.blocks) {
    const parts = tf.split(block.queryKeyValue.apply(block.attentionNorm.apply(x)), 3, 2);
    x = tf.add(x, block.output.apply(attends ? attend(parts) : tf.addN(parts)));
    const hidden = gelu(block.expand.apply(block.feedForwardNorm.apply(x)));
    x = tf.add(x, block.contract.apply(hidden));
  }
  const logits = tf.reshape(model.head.apply(model.norm.apply(x)), [batch * tokens, vocabulary]);
  return tf.mean(sparseCrossEntropy(logits, tf.reshape(targets, [-1])));
}

/**
 * Our GPT on the selected backend, as `createTrainer` gives it.
 *
 * @param data of `drawGptBatch`
 * @param options `attends`: with attention, or with the sum of query, key and value in its place; `mode` of `createTrainer`
 */
export function createGpt(data, { attends, seed, mode }) {
  const model = createModel(new Rng(seed).fork("weights"));
  const codes = tf.tensor2d(data, [batch, tokens + 1], "int32");
  return createTrainer(model, (codes) => lossOf(model, attends, codes), codes, { optimizer, mode });
}
