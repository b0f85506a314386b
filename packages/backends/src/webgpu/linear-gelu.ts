import { FUSED_KERNELS } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";
import { runShader } from "./shader.ts";

type WebGPUBackend = import("@tensorflow/tfjs-backend-webgpu").WebGPUBackend;

const threads = 64;

/** A product, then bias and GELU as one shader, which composed of tfjs's kernels are seven. */
export function addLinearGelu(): void {
  replaceKernel<Record<"x" | "weight" | "bias", tf.Tensor2D>, object>(
    "webgpu",
    FUSED_KERNELS.linearGelu,
    ({ inputs: { x, weight, bias } }) => {
      const product = tf.matMul(x, weight);
      const result = runShader(tf.backend() as WebGPUBackend, {
        name: "bias-gelu",
        inputs: { product, bias },
        shape: product.shape,
        integers: { count: product.size, features: bias.size },
        threads,
        workgroups: Math.ceil(product.size / threads),
        code,
      });
      return tf.engine().makeTensorFromTensorInfo(result);
    },
  );
}

/** GELU's tanh form is `v * sigmoid(slope v)`; the bound keeps `exp` finite. */
const code = `
  fn main() {
    let index = i32((workgroupId.y * numWorkgroups.x + workgroupId.x) * ${threads}u + localIndex);
    if (index >= uniforms.count) { return; }
    let v = product[index] + bias[index % uniforms.features];
    let slope = ${2 * Math.sqrt(2 / Math.PI)} * (1.0 + 0.044715 * v * v);
    result[index] = v / (1.0 + exp(min(-slope * v, 80.0)));
  }`;
