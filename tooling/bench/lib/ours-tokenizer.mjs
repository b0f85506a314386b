import { AdamW, namedParams, Rng, valueAndGradients } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import {
  adaptiveWeight,
  discriminatorLoss,
  exportPatchGan,
  exportTaming,
  generatorLoss,
  PatchDiscriminator,
  tokenizerLosses,
  VqModel,
} from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { stepSettings } from "./tokenizer-step-sizes.mjs";

/** Pictures of smooth random colours, `[batch, side, side, 3]` in [−1, 1]. */
export function drawPictures(batch, side, seed) {
  const rng = new Rng(seed).fork("pictures");
  return tf.tidy(() => {
    const coarse = tf.tensor4d(rng.uniform(batch * 8 * 8 * 3), [batch, 8, 8, 3]);
    return tf.sub(tf.mul(tf.image.resizeBilinear(coarse, [side, side]), 2), 1);
  });
}

/** Our tokenizer with its discriminator on the selected backend, with a `train(steps)` like the peer's. */
export function createOurs({ config, discriminator: discriminatorConfig }, pixels, seed) {
  const rng = new Rng(seed).fork("weights");
  const model = VqModel.create(config, rng.fork("model"));
  const discriminator = PatchDiscriminator.create(discriminatorConfig, rng.fork("discriminator"));
  const params = model.trainableParams();
  const discriminatorParams = namedParams(discriminator);
  const { learningRate, adversarialWeight, ...adam } = stepSettings;
  const optimizer = new AdamW(params, adam);
  const discriminatorOptimizer = new AdamW(discriminatorParams, adam);

  /** λ: both losses as functions of the last layer, whose input is computed before, off the tape. */
  function lambda() {
    return tf.tidy(() => {
      const { quantized } = model.quantizer.quantize(model.latents(pixels));
      const features = model.decoder.features(quantized);
      const decode = () => model.decoder.last(features);
      return adaptiveWeight({
        reconstruction: () => tokenizerLosses({ pixels, decoded: decode() }).loss,
        adversarial: () => generatorLoss(discriminator.apply(decode()), "hinge"),
        last: model.decoder.lastLayer.weight,
      });
    });
  }

  function trainModel() {
    const weight = tf.mul(lambda(), adversarialWeight);
    const { value, gradients } = valueAndGradients(() => {
      const { quantized, loss: codebook } = model.quantizer.quantize(model.latents(pixels));
      const decoded = model.decoder.apply(quantized);
      const adversarial = { discriminator, kind: "hinge", weight };
      return { ...tokenizerLosses({ pixels, decoded, codebook, adversarial }), decoded };
    }, params);
    optimizer.step(gradients, learningRate);
    return value;
  }

  function trainDiscriminator(decoded) {
    const { value, gradients } = valueAndGradients(() => {
      const [real, fake] = [discriminator.apply(pixels), discriminator.apply(decoded)];
      return { loss: discriminatorLoss(real, fake, "hinge").loss };
    }, discriminatorParams);
    discriminatorOptimizer.step(gradients, learningRate);
    return value.loss;
  }

  async function step() {
    const started = performance.now();
    const losses = tf.tidy(() => {
      const { loss, reconstruction, codebook, adversarial, weight, decoded } = trainModel();
      const ofDiscriminator = trainDiscriminator(decoded);
      return tf.stack([loss, reconstruction, codebook, adversarial, weight, ofDiscriminator]);
    });
    const values = Array.from(await losses.data());
    losses.dispose();
    return { seconds: (performance.now() - started) / 1000, losses: values };
  }

  return {
    parameters: [model.trainableParams(), discriminatorParams].map((all) =>
      Object.values(all).reduce((sum, { size }) => sum + size, 0),
    ),
    /** taming-transformers' keys for its architecture, ours for the local one; PyTorch's for the discriminator. */
    async save(paths) {
      const weights = config.architecture === "taming" ? await exportTaming(model) : params;
      await writeSafetensors(paths.weights, weights);
      const ofDiscriminator = exportPatchGan(discriminator);
      await writeSafetensors(paths.discriminatorWeights, ofDiscriminator);
      tf.dispose(ofDiscriminator);
    },
    async train(steps) {
      const done = [];
      for (let index = 0; index < steps; index++) done.push(await step());
      return { seconds: done.map(({ seconds }) => seconds), losses: done.map(({ losses }) => losses) };
    },
    dispose() {
      for (const part of [optimizer, discriminatorOptimizer, model, discriminator]) part.dispose();
    },
  };
}
