import { FUSED_KERNELS } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type LayerNormAttributes, layerNorm as rowNorm } from "../layer-norm/compute.ts";
import type { Binding } from "./binding.ts";
import {
  convolutionAttributes,
  convolutionInfo,
  convolutionKernels,
  type FusedAttributes,
  fusedConv2d,
  padded,
} from "./convolution.ts";
import { BACKEND_NAME, type Kernel, kernel } from "./kernel.ts";
import { ATTRIBUTE, createTensorsTypeOpAttr, type OpAttribute, TF_TYPE } from "./op-attributes.ts";

const text = (name: string, value: string | string[]): OpAttribute => ({
  name,
  type: ATTRIBUTE.string,
  value,
});
const float32 = createTensorsTypeOpAttr("T", "float32");

// TensorFlow registers some kernels of oneDNN under a label, which has to be given. It adds the label by itself to the
// names of the others, which are registered without, so that they are found only where it is taken back.
const labelled = text("_kernel", "MklNameChangeOp");
const unlabelled = text("_kernel", "");

const SWISH = "_MklSwish";
const biasAttributes: readonly OpAttribute[] = [
  labelled,
  { name: "num_args", type: ATTRIBUTE.int, value: 1 },
  { name: "TArgs", type: ATTRIBUTE.type, value: [TF_TYPE.float32] },
  text("fused_ops", ["BiasAdd"]),
];

/** A convolution that adds its bias on the way. */
const biasedConv2d: Kernel<FusedAttributes> = (args) => {
  const { inputs, backend, attrs } = args;
  const { x, filter, bias } = inputs;
  const linear = (attrs.activation ?? "linear") === "linear";
  if (!linear || bias?.shape.length !== 1 || x.dtype !== "float32") return fusedConv2d(args);
  const info = convolutionInfo(x.shape, filter.shape, attrs, false);
  const attributes = [...convolutionAttributes(info, x.dtype), ...biasAttributes];
  return tf.tidy(() =>
    backend.executeSingleOutput("_MklNativeFusedConv2D", attributes, [padded(x, info), filter, bias]),
  );
};

const silu: Kernel<object> = ({ inputs: { x }, backend }) => {
  const swish = (values: tf.TensorInfo) =>
    backend.executeSingleOutput(SWISH, [float32, unlabelled], [values]);
  if (x.shape.length > 0) return swish(x);
  return tf.tidy(() => tf.reshape(swish(tf.reshape(x as tf.Tensor, [1])), [])); // oneDNN knows no scalars
};

const linearGeluAttributes: readonly OpAttribute[] = [
  labelled,
  float32,
  { name: "transpose_a", type: ATTRIBUTE.bool, value: false },
  { name: "transpose_b", type: ATTRIBUTE.bool, value: false },
  { name: "num_args", type: ATTRIBUTE.int, value: 1 },
  text("fused_ops", ["BiasAdd", "GeluApproximate"]),
];

/** A product of matrices that adds a bias and applies GELU, in its tanh form, on the way. */
const linearGelu: Kernel<object> = ({ inputs: { x, weight, bias }, backend }) =>
  backend.executeSingleOutput("_MklNativeFusedMatMul", linearGeluAttributes, [x, weight, bias]);

/** Up to here the time that oneDNN takes to begin, anew at each call, exceeds what it gains. */
const SMALL_NORM = 2 ** 17;

const layerNorm: Kernel<LayerNormAttributes, tf.TensorInfo> = ({ inputs, backend, attrs }) => {
  const { x, gain, offset } = inputs;
  // In a compiled step a kernel outside of TensorFlow would part the functions.
  if (tf.util.sizeFromShape(x.shape) <= SMALL_NORM && !backend.binding.observer) {
    return rowNorm(backend, inputs, attrs);
  }
  const epsilon: OpAttribute = { name: "epsilon", type: ATTRIBUTE.float, value: attrs.epsilon };
  return backend.executeSingleOutput("_MklLayerNorm", [float32, unlabelled, epsilon], [x, gain, offset]);
};

/**
 * Kernels over TensorFlow's own operations of oneDNN, which its graphs are rewritten to and which eager programs can call
 * by name.
 */
export const oneDnnKernels = [
  kernel(tf.FusedConv2D, biasedConv2d),
  kernel(FUSED_KERNELS.linearGelu, linearGelu),
  kernel(FUSED_KERNELS.silu, silu),
  kernel(FUSED_KERNELS.layerNorm, layerNorm),
];

/** Runs without them: XLA knows TensorFlow's public operations only. */
export function withoutOneDnn<Result>(run: () => Result): Result {
  const registered = oneDnnKernels.filter(
    (config) => tf.getKernel(config.kernelName, BACKEND_NAME) === config,
  );
  const plain = convolutionKernels.filter(({ kernelName }) => kernelName === tf.FusedConv2D);
  replace(registered, plain);
  try {
    return run();
  } finally {
    replace(plain, registered);
  }
}

function replace(old: readonly tf.KernelConfig[], by: readonly tf.KernelConfig[]): void {
  for (const { kernelName } of old) tf.unregisterKernel(kernelName, BACKEND_NAME);
  for (const config of by) tf.registerKernel(config);
}

/** Whether the library has these operations, which one shows: not on macOS. Tensors on a GPU are none for them. */
export function hasOneDnn(binding: Binding): boolean {
  if (binding.isUsingGpuDevice()) return false;
  const ids = [binding.createTensor([1], TF_TYPE.float32, Float32Array.of(0))];
  try {
    ids.push(binding.executeOp(SWISH, [float32, unlabelled], ids, 1)[0].id);
    return true;
  } catch {
    return false;
  } finally {
    for (const id of ids) binding.deleteTensor(id);
  }
}
