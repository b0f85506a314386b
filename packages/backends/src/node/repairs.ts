import { FUSED_KERNELS } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { type Kernel, kernel } from "./kernel.ts";
import { ATTRIBUTE, createTensorsTypeOpAttr, TF_TYPE } from "./op-attributes.ts";

/** Without tfjs-node's readback of the indices; TensorFlow checks them itself on the CPU. */
const gather: Kernel<{ axis: number; batchDims: number }> = ({ inputs: { x, indices }, backend, attrs }) => {
  const { axis, batchDims } = attrs;
  tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, batchDims);
  const attributes = [
    { name: "batch_dims", type: ATTRIBUTE.int, value: batchDims },
    createTensorsTypeOpAttr("Tparams", x.dtype),
    createTensorsTypeOpAttr("Tindices", indices.dtype),
    createTensorsTypeOpAttr("Taxis", "int32"),
  ];
  const ids = [backend.idOf(x), backend.idOf(indices), backend.scalar(axis)];
  return backend.executeOnIds("GatherV2", attributes, ids, 1)[0];
};

/** Also takes probabilities (`normalized`), which tfjs-node refuses. */
const multinomial: Kernel<{ numSamples: number; seed: number; normalized: boolean }> = (args) => {
  const { numSamples, seed, normalized } = args.attrs;
  return tf.tidy(() => {
    const given = args.inputs.logits as tf.Tensor;
    const logits = normalized ? tf.log(given) : given;
    const attributes = [
      createTensorsTypeOpAttr("T", logits.dtype),
      createTensorsTypeOpAttr("output_dtype", "int32"),
      { name: "seed", type: ATTRIBUTE.int, value: seed },
      { name: "seed2", type: ATTRIBUTE.int, value: seed * seed },
    ];
    const ids = [args.backend.idOf(logits), args.backend.scalar(numSamples)];
    return args.backend.executeOnIds("Multinomial", attributes, ids, 1)[0];
  });
};

/** tfjs-node does not register it. */
const searchSorted: Kernel<{ side: "left" | "right" }> = ({ inputs, backend, attrs }) => {
  const attributes = [
    createTensorsTypeOpAttr("T", inputs.sortedSequence.dtype),
    { name: "out_type", type: ATTRIBUTE.type, value: TF_TYPE.int32 },
  ];
  const op = attrs.side === "left" ? "LowerBound" : "UpperBound";
  return backend.executeSingleOutput(op, attributes, [inputs.sortedSequence, inputs.values]);
};

/** tfjs-node does not register it. */
const bitwiseAnd: Kernel<object> = ({ inputs: { a, b }, backend }) =>
  backend.executeSingleOutput("BitwiseAnd", [createTensorsTypeOpAttr("T", a.dtype)], [a, b]);

/** tfjs-node asks for the mean of the given type, of which TensorFlow has only the floating ones. */
const mean: Kernel<{ axis: number[]; keepDims: boolean }> = ({ inputs: { x }, backend, attrs }) => {
  const { axis, keepDims } = attrs;
  return tf.tidy(() => {
    const values = tf.cast(x as tf.Tensor, "float32");
    const ids = [backend.idOf(values), backend.vector(tf.util.parseAxisParam(axis, x.shape))];
    return backend.executeOnIds("Mean", backend.createReductionOpAttrs(values, keepDims), ids, 1)[0];
  });
};

// tfjs-node uses chained ops in the next three, which only some programs register.

const argument = (op: "ArgMax" | "ArgMin"): Kernel<{ axis: number }> => {
  return ({ inputs: { x }, backend, attrs }) =>
    tf.tidy(() => {
      const values = x.dtype === "bool" ? tf.cast(x as tf.Tensor, "int32") : x;
      const attributes = [
        createTensorsTypeOpAttr("T", values.dtype),
        createTensorsTypeOpAttr("Tidx", "int32"),
        createTensorsTypeOpAttr("output_type", "int32"),
      ];
      return backend.executeOnIds(op, attributes, [backend.idOf(values), backend.scalar(attrs.axis)], 1)[0];
    });
};

const erf: Kernel<object> = ({ inputs: { x }, backend }) =>
  tf.tidy(() => backend.executeSingleInput("Erf", tf.cast(x as tf.Tensor, "float32")));

const prelu: Kernel<object> = ({ inputs }) =>
  tf.tidy(() => {
    const [x, alpha] = [inputs.x as tf.Tensor, inputs.alpha as tf.Tensor];
    return tf.add(tf.relu(x), tf.mul(alpha, tf.minimum(x, tf.scalar(0, x.dtype))));
  });

/** Two operations, with bounds that are kept. */
const clip: Kernel<{ clipValueMin: number; clipValueMax: number }> = ({ inputs: { x }, backend, attrs }) => {
  const type = [createTensorsTypeOpAttr("T", x.dtype)];
  const [below] = backend.executeOnIds(
    "Minimum",
    type,
    [backend.idOf(x), backend.scalar(attrs.clipValueMax, x.dtype)],
    1,
  );
  const ids = [backend.idOf(below), backend.scalar(attrs.clipValueMin, x.dtype)];
  const [clipped] = backend.executeOnIds("Maximum", type, ids, 1);
  below.dispose();
  return clipped;
};

/** 1 above zero, `alpha` elsewhere, NaN for NaN. */
const step: Kernel<{ alpha: number }> = ({ inputs, attrs }) =>
  tf.tidy(() => {
    const x = inputs.x as tf.Tensor;
    const steps = tf.where(
      tf.greater(x, tf.scalar(0, x.dtype)),
      tf.onesLike(x),
      tf.fill(x.shape, attrs.alpha, x.dtype),
    );
    return x.dtype === "int32" ? steps : tf.where(tf.isNaN(x), x, steps);
  });

/** One pass: `step` and the product take seven. Where x is NaN, `alpha * dy`. */
const leakyReluGradient: Kernel<{ alpha: number }> = ({ inputs: { x, dy }, backend, attrs }) => {
  const attributes = [
    createTensorsTypeOpAttr("T", x.dtype),
    { name: "alpha", type: ATTRIBUTE.float, value: attrs.alpha },
  ];
  return backend.executeSingleOutput("LeakyReluGrad", attributes, [dy, x]);
};

/** No operation at all: see `NodeBackend.reshape`. */
const reshape: Kernel<{ shape: number[] }, tf.TensorInfo> = ({ inputs: { x }, backend, attrs }) => {
  const size = tf.util.sizeFromShape(x.shape);
  return backend.reshape(x, tf.util.inferFromImplicitShape(attrs.shape, size));
};

/** Kernels that tfjs-node has wrong, slow or not at all. */
export const repairedKernels = [
  kernel(tf.Reshape, reshape),
  kernel(tf.GatherV2, gather),
  kernel(tf.Multinomial, multinomial),
  kernel(tf.SearchSorted, searchSorted),
  kernel(tf.BitwiseAnd, bitwiseAnd),
  kernel(tf.Mean, mean),
  kernel(tf.ArgMax, argument("ArgMax")),
  kernel(tf.ArgMin, argument("ArgMin")),
  kernel(tf.Erf, erf),
  kernel(tf.Prelu, prelu),
  kernel(tf.ClipByValue, clip),
  kernel(tf.Step, step),
  kernel(FUSED_KERNELS.leakyReluGradient, leakyReluGradient),
];
