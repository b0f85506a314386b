import { compile } from "@nuwa/backends";
import { AdamW, namedParams, parameterCount, valueAndGradients } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";

/**
 * A model of ours on the selected backend, with a `train(steps)` like the peers'. It owns the model's parameters and the codes.
 *
 * @param model layers, as `namedParams` takes them
 * @param lossOf from the codes to the scalar loss
 * @param codes int32, what every step trains on
 * @param options `optimizer`, AdamW's settings with its `learningRate`; the `mode` in which the step is compiled, undefined for
 *   the step as it is
 */
export function createTrainer(model, lossOf, codes, { optimizer: settings, mode }) {
  const params = namedParams(model);
  const { learningRate, ...adam } = settings;
  const optimizer = new AdamW(params, adam);

  function update(codes) {
    const { value, gradients } = valueAndGradients(() => ({ loss: lossOf(codes) }), params);
    optimizer.step(gradients, learningRate);
    return { loss: value.loss };
  }
  const fast = mode && compile(update, { mode });

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
      tf.dispose([params, codes]);
    },
  };
}
