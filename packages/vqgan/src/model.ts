import { type HostTensor, loadParams, NuwaError, namedParams, Rng, saveParams } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { downsampling, parseVqConfig, type VqConfig, type VqConfigInput } from "./config.ts";
import { Decoder } from "./decoder.ts";
import { Encoder } from "./encoder.ts";
import { reconstructionLoss } from "./loss.ts";
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
  /** `[b, h, w, dim]`, before quantization. */
  readonly latents: tf.Tensor4D;
  /** int32 `[b, h, w]`, where latents are quantized. */
  readonly codes?: tf.Tensor3D;
}

/**
 * A VQ-VAE: `z_i = argmin_j ‖E(I)_i − B_j‖`, `Î = G(B[z])`. Pixels are float32 `[b, H, W, C]` in [−1, 1], H and
 * W multiples of the downsampling F; codes are int32 `[b, H/F, W/F]`. Results belong to the caller.
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

  /** Pixels `[b, H, W, C]` -> `E(I)` `[b, H/F, W/F, embeddingDim]`, before quantization. */
  latents(pixels: tf.Tensor4D): tf.Tensor4D {
    this.checkPixels(pixels);
    return this.encoder.apply(pixels);
  }

  /**
   * Pixels `[b, H, W, C]` -> `codes`, int32 `[b, H/F, W/F]`.
   *
   * @throws NuwaError `SHAPE`; `INPUT` where a pixel is NaN or infinite (not on WebGPU, which cannot tell at once)
   */
  encode(pixels: tf.Tensor4D): { codes: tf.Tensor3D } {
    this.checkPixels(pixels);
    checkFinite(pixels);
    return { codes: tf.tidy(() => this.quantizer.codesOf(this.latents(pixels)) as tf.Tensor3D) };
  }

  /** Codes, int32 `[b, h, w]` -> pixels `[b, h·F, w·F, C]`, clipped to [−1, 1]. */
  decode(codes: tf.Tensor3D): tf.Tensor4D {
    if (codes.rank !== 3 || codes.dtype !== "int32") {
      throw new NuwaError(
        "SHAPE",
        `VqModel codes: wanted int32 [batch, rows, columns], got ${codes.dtype} [${codes.shape.join(", ")}].`,
      );
    }
    return tf.tidy(() => {
      const latents = this.quantizer.latentsOf(codes) as tf.Tensor4D;
      return tf.clipByValue(this.decoder.apply(latents), -1, 1) as tf.Tensor4D;
    });
  }

  /** `decode(encode(pixels).codes)`. */
  reconstruct(pixels: tf.Tensor4D): tf.Tensor4D {
    return tf.tidy(() => this.decode(this.encode(pixels).codes));
  }

  /** The loss and its terms, differentiable. `quantize: false` lets the latents through without rounding. */
  loss(pixels: tf.Tensor4D, { quantize = true }: { quantize?: boolean } = {}): VqLosses {
    return tf.tidy(() => {
      const latents = this.latents(pixels);
      if (!quantize) {
        const passed = this.quantizer.continuous(latents) as tf.Tensor4D;
        const reconstruction = this.reconstructionOf(passed, pixels);
        return { loss: tf.clone(reconstruction), reconstruction, commitment: tf.scalar(0), latents };
      }
      const { codes, quantized, loss: commitment } = this.quantizer.quantize(latents);
      const reconstruction = this.reconstructionOf(quantized as tf.Tensor4D, pixels);
      const loss = tf.add(reconstruction, commitment) as tf.Scalar;
      return { loss, reconstruction, commitment, latents, codes: codes as tf.Tensor3D };
    });
  }

  /** The reconstruction loss of pictures whose codes are known: what the decoder alone trains on. */
  decoderLoss(codes: tf.Tensor3D, pixels: tf.Tensor4D): tf.Scalar {
    this.checkPixels(pixels);
    return tf.tidy(() => this.reconstructionOf(this.quantizer.latentsOf(codes) as tf.Tensor4D, pixels));
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
    this.quantizer.dispose();
  }

  private reconstructionOf(latents: tf.Tensor4D, pixels: tf.Tensor4D): tf.Scalar {
    return reconstructionLoss(this.decoder.apply(latents), pixels, this.config.reconstruction);
  }

  private checkPixels(pixels: tf.Tensor): void {
    const side = downsampling(this.config);
    const [, height, width, channels] = pixels.shape;
    const fits = pixels.rank === 4 && channels === this.config.inChannels;
    if (fits && pixels.dtype === "float32" && height % side === 0 && width % side === 0) return;
    throw new NuwaError(
      "SHAPE",
      `VqModel pixels: wanted float32 [batch, height, width, ${this.config.inChannels}] with height and width ` +
        `multiples of ${side}, got ${pixels.dtype} [${pixels.shape.join(", ")}]. Crop, pad or resize the pictures.`,
    );
  }
}

/** NaN is no nearer to one code than to another: it would silently become code 0. */
function checkFinite(pixels: tf.Tensor4D): void {
  if (tf.getBackend() === "webgpu") return;
  const [finite] = tf.tidy(() => tf.all(tf.isFinite(pixels)).dataSync());
  if (finite) return;
  throw new NuwaError(
    "INPUT",
    "VqModel pixels: wanted finite numbers in [−1, 1], got NaN or infinite ones. Check how the pictures were read.",
  );
}
