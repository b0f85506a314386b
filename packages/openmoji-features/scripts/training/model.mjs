import { Linear, namedParams, sparseCrossEntropy } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { embeddingDim, Network } from "../../dist/network.js";
import { BatchNorm } from "./batch-norm.mjs";
import { damageKinds } from "./damage.mjs";

/** Weight of the squared errors of the background's colour and the damage beside the cross-entropy. */
const sensitivity = 3;

/**
 * The network with batch normalization, and three linear readings of its normalized embedding: which drawing it is,
 * so that features know what is shown; the background's colour and the damage, so that they know how.
 */
export class Classifier {
  constructor(drawings, rng) {
    this.network = new Network(rng.fork("network"));
    const { levels, residuals, halving } = this.network;
    this.convs = [...levels.slice(1), ...residuals, halving];
    this.norms = this.convs.map((conv) => new BatchNorm(conv.config.outChannels));
    this.last = new BatchNorm(embeddingDim);
    const reading = (name, outFeatures) =>
      new Linear({ inFeatures: embeddingDim, outFeatures }, rng.fork(name), { std: 0.02 });
    this.drawing = reading("drawing", drawings);
    this.background = reading("background", 3);
    this.damage = reading("damage", damageKinds);
  }

  /** What an optimizer changes, by name. */
  trainable() {
    return Object.fromEntries(Object.entries(namedParams(this)).filter(([, variable]) => variable.trainable));
  }

  /** Logits `[n, drawings]`. */
  classify(pixels) {
    return tf.tidy(() => this.drawing.apply(this.#read(pixels, "apply")));
  }

  /** Named losses; `loss` is their weighted sum. */
  losses({ pixels, background, strengths }, labels) {
    return tf.tidy(() => {
      const embedding = this.#read(pixels, "train");
      const squared = (actual, wanted) => tf.mean(tf.square(tf.sub(actual, wanted)));
      const drawing = tf.mean(sparseCrossEntropy(this.drawing.apply(embedding), labels));
      const colour = squared(this.background.apply(embedding), background);
      const harm = squared(this.damage.apply(embedding), strengths);
      return { loss: tf.add(drawing, tf.mul(tf.add(colour, harm), sensitivity)), drawing, colour, harm };
    });
  }

  #read(pixels, how) {
    const between = (x, conv) => this.norms[this.convs.indexOf(conv)]?.[how](x) ?? x;
    return this.last[how](this.network.embed(pixels, between)); // [n, dim]
  }

  dispose() {
    for (const layer of [
      this.network,
      ...this.norms,
      this.last,
      this.drawing,
      this.background,
      this.damage,
    ]) {
      layer.dispose();
    }
  }
}
