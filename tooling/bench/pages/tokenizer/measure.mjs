import { useBackend } from "@nuwa/backends";
import { parameterCount, Rng } from "@nuwa/tensor3d";
import { useOnPage } from "@nuwa/testing/page";
import { VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";

/** Times a model with drawn weights on a page or in a worker: the seconds of each of `calls` to encode and to decode. */
export async function measure({ backend, config, calls }) {
  const { detail } = await useOnPage(useBackend, backend);
  const model = VqModel.create(config, new Rng(0).fork("weights"));
  const { resolution } = config;
  const values = new Rng(0).fork("pixels").uniform(resolution ** 2 * 3);
  const pixels = tf.tensor4d(
    values.map((value) => 2 * value - 1),
    [1, resolution, resolution, 3],
  );
  const encode = await secondsOf(() => model.encode(pixels).codes, calls);
  const { codes } = model.encode(pixels);
  const decode = await secondsOf(() => model.decode(codes), calls);
  const parameters = parameterCount(model);
  tf.dispose([pixels, codes]);
  model.dispose();
  return { detail, parameters, encode, decode };
}

/** The first call, which prepares kernels and weights, counts too: a page waits for it. */
async function secondsOf(call, count) {
  const seconds = [];
  for (let index = 0; index < count; index++) {
    const started = performance.now();
    const result = call();
    await result.data();
    seconds.push((performance.now() - started) / 1000);
    result.dispose();
  }
  return seconds;
}
