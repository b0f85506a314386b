import * as tf from "@tensorflow/tfjs-core";
import { latentsOf } from "./codec.ts";
import type { VqInput } from "./input.ts";
import type { VqModel } from "./model.ts";

/** Everything that losses use of a pass. */
export interface ForwardPass {
  /** `[b, h, w, dim]`, before quantization. */
  readonly latents: tf.Tensor4D;
  /** int32 `[b, h, w]`, where latents are quantized. */
  readonly codes?: tf.Tensor3D;
  /** The quantizer's loss; 0 where latents are not quantized. */
  readonly commitment: tf.Scalar;
  /** What the decoder's last layer reads. */
  readonly features: tf.Tensor4D;
  /** The decoder's output. */
  readonly decoded: tf.Tensor4D;
}

/** An input that was checked to output, differentiable; `quantize: false` lets the latents through without rounding. */
export function forwardPass(model: VqModel, input: VqInput, quantize: boolean): ForwardPass {
  const { quantizer } = model;
  const latents = latentsOf(model, input);
  if (!quantize) {
    const passed = quantizer.continuous(latents) as tf.Tensor4D;
    return { latents, commitment: tf.scalar(0), ...decoderPass(model, passed) };
  }
  const { codes, quantized, loss: commitment } = quantizer.quantize(latents);
  const passed = decoderPass(model, quantized as tf.Tensor4D);
  return { latents, codes: codes as tf.Tensor3D, commitment, ...passed };
}

/** Latents to output. */
export function decoderPass(
  { decoder }: VqModel,
  latents: tf.Tensor4D,
): Pick<ForwardPass, "features" | "decoded"> {
  const features = decoder.features(latents);
  return { features, decoded: decoder.last(features) };
}
