import { generate } from "@nuwa/encdec";
import * as tf from "@tensorflow/tfjs-core";

const enough = new Error("As many steps as asked for.");

/**
 * The first steps of a generation on WebGPU, seen from outside.
 *
 * @param begin called with the step's number right before it
 * @param end called, and awaited, with the step's number and `{ host, whole, id, values }`: milliseconds until all is
 * submitted and until the logits are read, the logits' dataId, and the logits
 */
export async function decodeSteps(model, steps, { begin, end }) {
  const backend = tf.backend();
  const { read } = backend;
  let step = -1;
  let started;
  backend.read = async (id) => {
    const reading = read.call(backend, id); // submits before it waits
    const host = performance.now() - started;
    const values = await reading;
    await end(step, { host, whole: performance.now() - started, id, values });
    return values;
  };
  // generate asks its signal once before the encoder, which is part of the first step, then before each other one.
  const signal = {
    throwIfAborted() {
      if (++step === steps) throw enough;
      begin?.(step);
      started = performance.now();
    },
  };
  const { textLength, targetGrid } = model.config;
  const condition = { kind: "text", tokens: Int32Array.from({ length: textLength }, (_, index) => index) };
  try {
    await generate(model, { condition, grid: targetGrid, signal });
  } catch (error) {
    if (error !== enough) throw error;
  } finally {
    backend.read = read;
  }
}
