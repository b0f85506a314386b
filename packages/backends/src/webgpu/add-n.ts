import type * as tf from "@tensorflow/tfjs-core";
import { replaceKernel } from "../repair/replace-kernel.ts";

/** A shader may bind 8 storage buffers on every device; one is the output. */
const most = 7;

/** tfjs binds every tensor of a sum at once, which is invalid for many. This adds seven at a time. */
export function replaceAddN(): void {
  replaceKernel<readonly tf.Tensor[], object>("webgpu", "AddN", ({ inputs, attributes, original }) => {
    let rest = [...inputs];
    while (rest.length > most) rest = [original(rest.slice(0, most), attributes), ...rest.slice(most)];
    return original(rest, attributes);
  });
}
