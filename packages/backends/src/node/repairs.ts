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
  const ids = [backend.idOf(x), backend.idOf(indices), backend.constant(axis)];
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
    const ids = [args.backend.idOf(logits), args.backend.constant(numSamples)];
    return args.backend.executeOnIds("Multinomial", attributes, ids, 1)[0];
  });
};

const searchSorted: Kernel<{ side: "left" | "right" }> = ({ inputs, backend, attrs }) => {
  const attributes = [
    createTensorsTypeOpAttr("T", inputs.sortedSequence.dtype),
    { name: "out_type", type: ATTRIBUTE.type, value: TF_TYPE.int32 },
  ];
  const op = attrs.side === "left" ? "LowerBound" : "UpperBound";
  return backend.executeSingleOutput(op, attributes, [inputs.sortedSequence, inputs.values]);
};

const bitwiseAnd: Kernel<object> = ({ inputs: { a, b }, backend }) =>
  backend.executeSingleOutput("BitwiseAnd", [createTensorsTypeOpAttr("T", a.dtype)], [a, b]);

/** Kernels that tfjs-node has wrong or lacks. */
export const repairedKernels = [
  kernel(tf.GatherV2, gather),
  kernel(tf.Multinomial, multinomial),
  kernel(tf.SearchSorted, searchSorted),
  kernel(tf.BitwiseAnd, bitwiseAnd),
];
