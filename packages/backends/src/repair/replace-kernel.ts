import * as tf from "@tensorflow/tfjs-core";

/** The backends of tfjs whose kernels are replaced one by one; node brings its own. */
export type PortableBackend = "cpu" | "wasm" | "webgpu";

type KernelFunc = tf.KernelConfig["kernelFunc"];

/** What a kernel made of tfjs ops receives. The engine hands kernels tensors, so ops can take them. */
export interface ComposedArguments<Inputs, Attributes> {
  readonly inputs: Inputs;
  readonly attributes: Attributes;
  /** Runs the kernel that was registered before; its result belongs to the surrounding `tf.tidy`. */
  original(inputs: object, attributes: object): tf.Tensor;
}

const replaced = new WeakSet<tf.KernelConfig>();

/**
 * Registers `compose` as the kernel `kernelName` of `backendName`, in place of the one that is there, if any.
 * It runs in a `tf.tidy`, off the tape. A second call for the same kernel changes nothing.
 */
export function replaceKernel<Inputs, Attributes>(
  backendName: PortableBackend,
  kernelName: string,
  compose: (args: ComposedArguments<Inputs, Attributes>) => tf.Tensor,
): void {
  const before = tf.getKernel(kernelName, backendName);
  if (before !== undefined && before !== null) {
    if (replaced.has(before)) return;
    tf.unregisterKernel(kernelName, backendName);
  }
  const kernelFunc: KernelFunc = ({ inputs, attrs, backend }) =>
    tf.tidy(() =>
      compose({
        inputs: inputs as Inputs,
        attributes: attrs as Attributes,
        original(newInputs, newAttributes) {
          const info = before.kernelFunc({
            inputs: newInputs as tf.NamedTensorInfoMap,
            attrs: newAttributes as tf.NamedAttrMap,
            backend,
          }) as tf.TensorInfo;
          return tf.engine().makeTensorFromTensorInfo(info);
        },
      }),
    );
  const config: tf.KernelConfig = { ...before, kernelName, backendName, kernelFunc };
  replaced.add(config);
  tf.registerKernel(config);
}
