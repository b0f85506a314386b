import { type HostTensor, loadParams, namedParams, Rng, saveParams } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { codesOf, decodedOf, latentsOf } from "./codec.ts";
import { parseVqConfig, type VqConfig, type VqConfigInput } from "./config.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";
import { forwardPass } from "./forward-pass.ts";
import { checkCodes, checkEncoderInput, checkInput, readsClassMaps, type VqInput } from "./input.ts";
import { reconstructionLoss } from "./loss.ts";
import { classMapLoss } from "./losses/class-map.ts";
import { createQuantizer } from "./quantizers/create.ts";
import type { Quantizer } from "./quantizers/quantizer.ts";
import { TamingDecoder } from "./taming/decoder.ts";
import { TamingEncoder } from "./taming/encoder.ts";

export interface VqLosses {
  /** reconstruction + commitment, what training minimises. */
  readonly loss: tf.Scalar;
  readonly reconstruction: tf.Scalar;
  /** The quantizer's terms, such as `β·mean((z − sg[B])²)`; 0 when latents are not quantized. */
  readonly commitment: tf.Scalar;
  /** What the decoder made of this input: pixels `[b, H, W, C]`, not clipped, or logits `[b, H, W, classes]`. */
  readonly decoded: tf.Tensor4D;
  /** `[b, h, w, dim]`, before quantization. */
  readonly latents: tf.Tensor4D;
  /** int32 `[b, h, w]`, where latents are quantized. */
  readonly codes?: tf.Tensor3D;
}

/**
 * A VQ-VAE: `z_i = argmin_j ‖E(I)_i − B_j‖`, `Î = G(B[z])`. Pixels are float32 `[b, H, W, C]` in [−1, 1], H and
 * W multiples of the downsampling F; codes are int32 `[b, H/F, W/F]`. Results belong to the caller.
 *
 * The kind `"vq-gan-seg"` reads class maps instead, int32 `[b, H, W]` of indices from 0 to classes − 1, encodes them
 * one-hot and decodes logits of the classes.
 */
export class VqModel {
  readonly config: VqConfig;
  readonly encoder: Encoder | TamingEncoder;
  readonly decoder: Decoder | TamingDecoder;
  readonly quantizer: Quantizer;

  private constructor(config: VqConfig, rng: Rng) {
    this.config = config;
    const [encoderRng, decoderRng] = [rng.fork("encoder"), rng.fork("decoder")];
    if (config.architecture === "taming") {
      this.encoder = new TamingEncoder(config, encoderRng);
      this.decoder = new TamingDecoder(config, decoderRng);
    } else {
      this.encoder = new Encoder(config, encoderRng);
      this.decoder = new Decoder(config, decoderRng);
    }
    this.quantizer = createQuantizer(config, rng.fork("quantizer"));
  }

  /**
   * A fresh model.
   *
   * @throws NuwaError `CONFIG`
   */
  static create(config: VqConfigInput, rng: Rng = new Rng(0)): VqModel {
    return new VqModel(parseVqConfig(config), rng);
  }

  /**
   * A saved model: what `save` gave, or a `config.json` and the tensors of a safetensors file.
   *
   * @throws NuwaError `CONFIG`; `CHECKPOINT` that lists every missing, extra and misshapen tensor
   */
  static load(config: VqConfigInput, tensors: Record<string, HostTensor>): VqModel {
    const model = VqModel.create(config);
    try {
      loadParams(model, tensors);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  }

  /** Config and tensors, codebook and running means included. The tensors are the model's own: do not dispose them. */
  save(): { config: VqConfig; tensors: Record<string, tf.Tensor> } {
    return { config: this.config, tensors: saveParams(this) };
  }

  /** What gradients train: the encoder's, the decoder's and, for quantizers that learn so, the quantizer's. */
  trainableParams(): Record<string, tf.Variable> {
    return Object.fromEntries(Object.entries(namedParams(this)).filter(([, param]) => param.trainable));
  }

  /**
   * Pixels `[b, H, W, C]` or class maps `[b, H, W]` -> `E(I)` `[b, H/F, W/F, embeddingDim]`, before quantization.
   *
   * @throws NuwaError `SHAPE`; `INPUT` where a class is out of range (not on WebGPU, which cannot tell at once)
   */
  latents(input: VqInput): tf.Tensor4D {
    checkInput(this.config, input);
    return latentsOf(this, input);
  }

  /**
   * Pixels `[b, H, W, C]` or class maps `[b, H, W]` -> `codes`, int32 `[b, H/F, W/F]`.
   *
   * @throws NuwaError `SHAPE`; `INPUT` where a pixel is NaN or infinite, or a class is out of range (not on WebGPU,
   *   which cannot tell at once)
   */
  encode(input: VqInput): { codes: tf.Tensor3D } {
    checkEncoderInput(this.config, input);
    return { codes: codesOf(this, input) };
  }

  /**
   * Codes, int32 `[b, h, w]` -> pixels `[b, h·F, w·F, C]`, clipped to [−1, 1]; of a `"vq-gan-seg"` the logits of the
   * classes, float32 `[b, h·F, w·F, classes]`.
   */
  decode(codes: tf.Tensor3D): tf.Tensor4D {
    checkCodes(codes);
    return decodedOf(this, codes);
  }

  /**
   * `decode(encode(pixels).codes)`; of class maps int32 `[b, H, W]`, the class of the largest logit, the lowest one on
   * ties.
   */
  reconstruct(pixels: tf.Tensor4D): tf.Tensor4D;
  reconstruct(classMaps: tf.Tensor3D): tf.Tensor3D;
  reconstruct(input: VqInput): VqInput;
  reconstruct(input: VqInput): VqInput {
    return tf.tidy((): VqInput => {
      const decoded = this.decode(this.encode(input).codes);
      return readsClassMaps(this.config) ? tf.argMax<tf.Tensor3D>(decoded, 3) : decoded;
    });
  }

  /** The loss and its terms, differentiable. `quantize: false` lets the latents through without rounding. */
  loss(input: VqInput, { quantize = true }: { quantize?: boolean } = {}): VqLosses {
    checkInput(this.config, input);
    return tf.tidy(() => {
      const { features: _, ...pass } = forwardPass(this, input, quantize);
      const reconstruction = this.reconstructionLoss(pass.decoded, input);
      return { ...pass, loss: tf.add<tf.Scalar>(reconstruction, pass.commitment), reconstruction };
    });
  }

  /** The reconstruction loss of inputs whose codes are known: what the decoder alone trains on. */
  decoderLoss(codes: tf.Tensor3D, input: VqInput): tf.Scalar {
    checkInput(this.config, input);
    return tf.tidy(() => {
      const decoded = this.decoder.apply(this.quantizer.latentsOf(codes) as tf.Tensor4D);
      return this.reconstructionLoss(decoded, input);
    });
  }

  /**
   * How far the decoder's output is from the input: `reconstructionLoss` of pixels, `classMapLoss` of class maps, NaN
   * where a class is out of range.
   *
   * @throws NuwaError `SHAPE` or `INPUT`
   */
  reconstructionLoss(decoded: tf.Tensor4D, input: VqInput): tf.Scalar {
    if (!readsClassMaps(this.config)) return reconstructionLoss(decoded, input, this.config.reconstruction);
    return classMapLoss(decoded, input as tf.Tensor3D, { checkRange: false });
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
    this.quantizer.dispose();
  }
}
