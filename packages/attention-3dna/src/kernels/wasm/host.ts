import * as tf from "@tensorflow/tfjs-core";

/** How the kernel reaches the values of a backend that computes on the CPU: in pieces, to or from any place. */
export interface Host {
  reader(tensor: tf.TensorInfo): Reader;
  /** A new float32 tensor, to be written once. */
  writer(shape: number[]): Writer;
  /** A new float32 tensor whose values stay where they are. */
  lend?(values: Float32Array, shape: number[]): Loan;
}

/** Copies the values from element `begin` on that `to` has room for. */
export type Reader = (begin: number, to: Float32Array) => void;

export interface Writer {
  /** Copies values to the elements from `begin` on. */
  write(begin: number, values: Float32Array): void;
  /** The tensor, when all is written. */
  finish(): tf.TensorInfo;
}

export interface Loan {
  readonly tensor: tf.TensorInfo;
  /** Whether nobody reads the values any more. */
  isReturned(): boolean;
}

/** What `@nuwa/backends`' node backend offers: copies between libtensorflow's memory and an array, nothing between, or none. */
interface NodeBackend extends tf.KernelBackend {
  copyInto(tensor: tf.TensorInfo, to: Float32Array, begin: number): void;
  emptyTensor(shape: number[]): tf.TensorInfo;
  copyFrom(tensor: tf.TensorInfo, values: Float32Array, begin: number): void;
  lend(values: Float32Array, shape: number[]): Loan;
  /** Runs a kernel that uses the four above, in a way that compiled steps can repeat. */
  runOutside<Inputs, Attributes>(
    kernel: HostKernel<Inputs, Attributes>,
    inputs: Inputs,
    attributes: Attributes,
  ): tf.TensorInfo[];
}

type HostKernel<Inputs, Attributes> = (
  backend: tf.KernelBackend,
  inputs: Inputs,
  attributes: Attributes,
) => tf.TensorInfo[];

/** tfjs's wasm backend: its tensors are views of its heap. */
interface WasmBackend extends tf.KernelBackend {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
}

/** Runs a kernel on any backend. */
export function runKernel<Inputs, Attributes>(
  backend: tf.KernelBackend,
  kernel: HostKernel<Inputs, Attributes>,
  inputs: Inputs,
  attributes: Attributes,
): tf.TensorInfo[] {
  if (!("runOutside" in backend)) return kernel(backend, inputs, attributes);
  return (backend as NodeBackend).runOutside(kernel, inputs, attributes);
}

export function hostOf(backend: tf.KernelBackend): Host {
  if ("copyInto" in backend) return nodeHost(backend as NodeBackend);
  if ("typedArrayFromHeap" in backend) return wasmHost(backend as WasmBackend);
  return plainHost(backend);
}

function nodeHost(backend: NodeBackend): Host {
  return {
    reader: (tensor) => (begin, to) => backend.copyInto(tensor, to, begin),
    writer(shape) {
      const tensor = backend.emptyTensor(shape);
      return {
        write: (begin, values) => backend.copyFrom(tensor, values, begin),
        finish: () => tensor,
      };
    },
    lend: (values, shape) => backend.lend(values, shape),
  };
}

function wasmHost(backend: WasmBackend): Host {
  return {
    reader: (tensor) => (begin, to) => copyPart(backend.typedArrayFromHeap(tensor), begin, to),
    writer(shape) {
      const tensor = backend.makeOutput(shape, "float32");
      return {
        write: (begin, values) => backend.typedArrayFromHeap(tensor).set(values, begin),
        finish: () => tensor,
      };
    },
  };
}

/** Any backend that reads at once, such as tfjs's cpu and tfjs-node. */
function plainHost(backend: tf.KernelBackend): Host {
  return {
    reader({ dataId }) {
      const values = backend.readSync(dataId) as Float32Array;
      return (begin, to) => copyPart(values, begin, to);
    },
    writer(shape) {
      const all = new Float32Array(tf.util.sizeFromShape(shape));
      return {
        write: (begin, values) => all.set(values, begin),
        finish: () => ({ dataId: backend.write(all, shape, "float32"), shape, dtype: "float32" }),
      };
    },
  };
}

function copyPart(values: Float32Array, begin: number, to: Float32Array): void {
  to.set(values.subarray(begin, begin + to.length));
}
