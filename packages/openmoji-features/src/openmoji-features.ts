import { assertShape, decodeSafetensors, loadParams, NuwaError, namedParams, Rng } from "@nuwa/tensor3d";
import type * as tf from "@tensorflow/tfjs-core";
import { embeddingDim, levelChannels, Network } from "./network.ts";

/** Smallest height and width of a picture. */
const leastSide = 32;

/** Sides are multiples of it, so that every level halves the one before exactly. */
const sideMultiple = 8;

/**
 * A small frozen network that was trained to tell OpenMoji's drawings apart, also in damaged pictures. It fits
 * wherever a network of features is wanted: `features` for a perceptual distance, `embed` for a Fréchet distance.
 * It owns its weights: dispose it.
 */
export class OpenMojiFeatures {
  /** The weights' own name and what is read, such as `openmoji-features-1/embedding`: give it with every figure. */
  readonly name: string;
  /** Numbers of an embedding. */
  readonly dim = embeddingDim;
  /** Channels of each level. */
  readonly channels: readonly number[] = levelChannels;
  /** Private, so that no optimizer of an owner finds the weights. */
  readonly #network: Network;

  private constructor(name: string, network: Network) {
    this.name = name;
    this.#network = network;
  }

  /**
   * Makes the network of the bytes of a safetensors file, fetched or read by the caller.
   *
   * @throws NuwaError `FILE` when these are no safetensors or have no name, `CHECKPOINT` when they are of another
   *   network
   */
  static load(bytes: Uint8Array): OpenMojiFeatures {
    const { tensors, metadata } = decodeSafetensors(bytes);
    if (!metadata.name) {
      throw new NuwaError(
        "FILE",
        'OpenMojiFeatures.load: wanted the metadata "name", got none. Use the file in this package\'s weights folder, ' +
          "or one that its training script wrote.",
      );
    }
    const network = new Network(new Rng(0));
    try {
      loadParams(network, tensors);
    } catch (error) {
      network.dispose();
      throw error;
    }
    for (const variable of Object.values(namedParams(network))) variable.trainable = false;
    return new OpenMojiFeatures(`${metadata.name}/embedding`, network);
  }

  /**
   * What is seen at each place, from edges to parts of a drawing. Differentiable with respect to the pixels.
   *
   * @param pixels `[b, H, W, 3]` in [-1, 1], H and W multiples of 8, at least 32
   * @returns level l `[b, H / 2^l, W / 2^l, channels[l]]` for l = 0 ... 3; the caller owns them
   * @throws NuwaError `SHAPE`
   */
  features(pixels: tf.Tensor4D): tf.Tensor4D[] {
    checkPixels("OpenMojiFeatures.features pixels", pixels);
    return this.#network.features(pixels);
  }

  /**
   * What is seen as a whole, means over the picture. Differentiable with respect to the pixels.
   *
   * @param pixels as for `features`
   * @returns `[b, dim]`; the caller owns it
   * @throws NuwaError `SHAPE`
   */
  embed(pixels: tf.Tensor4D): tf.Tensor2D {
    checkPixels("OpenMojiFeatures.embed pixels", pixels);
    return this.#network.embed(pixels);
  }

  dispose(): void {
    this.#network.dispose();
  }
}

function checkPixels(what: string, pixels: tf.Tensor4D): void {
  assertShape(what, pixels, ["batch", "height", "width", 3]);
  const [, height, width] = pixels.shape;
  if ([height, width].every((side) => side >= leastSide && side % sideMultiple === 0)) return;
  throw new NuwaError(
    "SHAPE",
    `${what}: wanted a height and a width that are multiples of ${sideMultiple}, at least ${leastSide}, ` +
      `got ${height} × ${width}. Resize or crop the pictures.`,
  );
}
