import * as tf from "@tensorflow/tfjs-core";
import { damage, damageKinds } from "./damage.mjs";
import { drawPlain, drawScene } from "./scene.mjs";

/** A function that hands out the uniform numbers of a stream, drawn in blocks. */
export function uniformOf(rng) {
  let block = new Float32Array(0);
  let at = 0;
  return () => {
    if (at === block.length) {
      block = rng.uniform(1024);
      at = 0;
    }
    return block[at++];
  };
}

/**
 * Scenes of drawings as tensors that the caller disposes.
 *
 * @param drawings their sprites, one for each picture
 * @param options height and width of the pictures, whether they are plain, and whether to damage them
 * @returns `pixels` `[n, size, size, 3]`, `background` `[n, 3]`, `strengths` `[n, damageKinds]`
 */
export function drawBatch(drawings, rng, { size = 48, isPlain = false, isDamaged = false }) {
  const random = uniformOf(rng);
  const count = drawings.length;
  const pixels = new Float32Array(count * size * size * 3);
  const backgrounds = new Float32Array(count * 3);
  const strengths = new Float32Array(count * damageKinds);
  drawings.forEach((sprite, index) => {
    const scene = (isPlain ? drawPlain : drawScene)(sprite, size, random);
    if (isDamaged) strengths.set(damage(scene.pixels, size, random), index * damageKinds);
    pixels.set(scene.pixels, index * scene.pixels.length);
    backgrounds.set(scene.background, index * 3);
  });
  return {
    pixels: tf.tensor4d(pixels, [count, size, size, 3]),
    background: tf.tensor2d(backgrounds, [count, 3]),
    strengths: tf.tensor2d(strengths, [count, damageKinds]),
  };
}
