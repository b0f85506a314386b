import { compile } from "@nuwa/backends";
import { parameterCount, Rng } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import { exportPatchGan, exportTaming, PatchDiscriminator, TokenizerTrainer, VqModel } from "@nuwa/vqgan";
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

/** Our tokenizer and its trainer on the selected backend, with a `train(steps)` like the peer's. */
export async function createOurs({ config, discriminator: discriminatorConfig }, pixels, seed) {
  const rng = new Rng(seed).fork("weights");
  const model = VqModel.create({ ...config, kind: "vq-gan" }, rng.fork("model"));
  const trainer = new TokenizerTrainer(model, trainerConfig(discriminatorConfig), rng.fork("trainer"), {
    compile,
  });
  const discriminator = await discriminatorOf(trainer, discriminatorConfig);

  async function step() {
    const started = performance.now();
    const losses = await trainer.trainStep(pixels);
    const {
      loss,
      reconstruction,
      commitment,
      adversarial,
      adversarialWeight,
      discriminator: against,
    } = losses;
    const reported = [loss, reconstruction, commitment, adversarial, adversarialWeight, against];
    const together = tf.stack(reported);
    const values = Array.from(await together.data());
    tf.dispose([together, ...Object.values(losses)]);
    return { seconds: (performance.now() - started) / 1000, losses: values };
  }

  return {
    parameters: [model.trainableParams(), discriminator].map((all) => parameterCount(all)),
    /** taming-transformers' keys for its architecture, ours for the local one; PyTorch's for the discriminator. */
    async save(paths) {
      const weights = config.architecture === "taming" ? await exportTaming(model) : model.trainableParams();
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
      for (const part of [trainer, model, discriminator]) part.dispose();
    },
  };
}

/** Everything from the first step on, at rates that do not change. */
function trainerConfig(discriminator) {
  const { learningRate, beta2, weightDecay } = stepSettings.model;
  return {
    totalSteps: 1_000_000,
    learningRate,
    finalLearningRate: learningRate,
    riseShare: 0,
    warmupShare: 0,
    decoderShare: 0,
    beta2,
    weightDecay,
    losses: {
      adversarial: {
        kind: "hinge",
        weight: stepSettings.adversarialWeight,
        startShare: 0,
        leadShare: 0,
        riseShare: 0,
        learningRate: stepSettings.discriminator.learningRate,
        discriminator,
      },
    },
  };
}

/** The trainer's discriminator as it begins. */
async function discriminatorOf(trainer, config) {
  const { tensors } = await trainer.state();
  const prefix = "adversary.model.";
  const own = Object.entries(tensors).filter(([name]) => name.startsWith(prefix));
  const weights = Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
  return PatchDiscriminator.load(config, weights);
}
