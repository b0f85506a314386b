import * as tf from "@tensorflow/tfjs-core";
import { axisSum } from "../wasm/axis-sum.ts";
import { type PortableBackend, replaceKernel } from "./replace-kernel.ts";

/** What tfjs's backends get wrong alike in kernels that go along an axis. */
export function replaceReductions(backendName: PortableBackend): void {
  replaceCumulative(backendName);
  replaceSum(backendName);
}

/**
 * A negative axis gives a wrong shape, fails on cpu, and on wasm writes outside of the tensor. On webgpu a reversed sum uses
 * the length of the first one ever run (it is missing from the shader's key), so the input is reversed instead.
 */
function replaceCumulative(backendName: PortableBackend): void {
  for (const kernelName of ["Cumsum", "Cumprod"]) {
    replaceKernel<{ x: tf.Tensor }, { axis: number; reverse: boolean }>(
      backendName,
      kernelName,
      ({ inputs, attributes, original }) => {
        const [axis] = tf.util.parseAxisParam(attributes.axis, inputs.x.shape);
        if (!attributes.reverse) return original(inputs, { ...attributes, axis });
        const forward = original({ x: tf.reverse(inputs.x, axis) }, { ...attributes, axis, reverse: false });
        return tf.reverse(forward, axis);
      },
    );
  }
}

/** The sum of no elements is not 0 on wasm and fails on webgpu; over axes before the last one it is slow on wasm. */
function replaceSum(backendName: PortableBackend): void {
  replaceKernel<{ x: tf.Tensor }, { axis: number | number[]; keepDims: boolean }>(
    backendName,
    "Sum",
    ({ inputs, attributes, original }) => {
      const { x } = inputs;
      const axes = tf.util.parseAxisParam(attributes.axis, x.shape);
      if (x.size > 0) {
        const sum = backendName === "wasm" ? axisSum(x, axes, attributes.keepDims) : undefined;
        return sum ?? original(inputs, attributes);
      }
      return tf.zeros(
        x.shape.filter((_, axis) => !axes.includes(axis)),
        x.dtype === "bool" ? "int32" : x.dtype,
      );
    },
  );
}
