import * as tf from "@tensorflow/tfjs-core";
import type { Compile } from "./compile.ts";
import { checkCodes, checkEncoderInput, encoderInput, readsClassMaps, type VqInput } from "./input.ts";
import type { VqModel } from "./model.ts";

/** What encodes and decodes: a model, or {@link compileCodec} of one. */
export type VqCodec = Pick<VqModel, "config" | "encode" | "decode">;

/**
 * `encode` and `decode` of a model, each as a step that `compile` makes faster. Both compute with the weights that the model
 * has when they are called, and throw what the model's own throw.
 *
 * @param compile such as that of `@nuwa/backends`: on the node backend calls are faster from the third of a shape on
 * @returns dispose it before the model, which stays the caller's
 */
export function compileCodec(model: VqModel, compile: Compile): VqCodec & { dispose(): void } {
  const encode = compile((input) => ({ codes: codesOf(model, input as VqInput) }));
  const decode = compile((codes) => ({ decoded: decodedOf(model, codes as tf.Tensor3D) }));
  return {
    config: model.config,
    encode(input) {
      checkEncoderInput(model.config, input);
      return encode(input) as { codes: tf.Tensor3D };
    },
    decode(codes) {
      checkCodes(codes);
      return decode(codes).decoded as tf.Tensor4D;
    },
    dispose() {
      encode.dispose();
      decode.dispose();
    },
  };
}

/** `E(I)` of an input that was checked. */
export function latentsOf({ config, encoder }: VqModel, input: VqInput): tf.Tensor4D {
  return tf.tidy(() => encoder.apply(encoderInput(config, input)));
}

/** The codes of an input that was checked. */
export function codesOf(model: VqModel, input: VqInput): tf.Tensor3D {
  return tf.tidy(() => model.quantizer.codesOf(latentsOf(model, input)) as tf.Tensor3D);
}

/** What is decoded from codes that were checked: pixels, clipped, or logits. */
export function decodedOf({ config, decoder, quantizer }: VqModel, codes: tf.Tensor3D): tf.Tensor4D {
  return tf.tidy(() => {
    const decoded = decoder.apply(quantizer.latentsOf(codes) as tf.Tensor4D);
    return readsClassMaps(config) ? decoded : (tf.clipByValue(decoded, -1, 1) as tf.Tensor4D);
  });
}
