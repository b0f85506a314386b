import type * as tf from "@tensorflow/tfjs-core";

/** How the kernel reaches the values of a backend that computes on the CPU. */
export interface Host {
  /** Copies a tensor's values. */
  read(tensor: tf.TensorInfo, to: Float32Array): void;
  /** A new tensor with a copy of the values. */
  write(shape: number[], values: Float32Array): tf.TensorInfo;
}

/** What `@nuwa/backends`' node backend offers: copies between libtensorflow's memory and an array, nothing between. */
interface NodeBackend extends tf.KernelBackend {
  copyInto(tensor: tf.TensorInfo, to: Float32Array): void;
  copyOf(values: Float32Array, shape: number[]): tf.TensorInfo;
}

/** tfjs's wasm backend: its tensors are views of its heap. */
interface WasmBackend extends tf.KernelBackend {
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
  makeOutput(shape: number[], dtype: "float32"): tf.TensorInfo;
}

export function hostOf(backend: tf.KernelBackend): Host {
  if ("copyInto" in backend) return nodeHost(backend as NodeBackend);
  if ("typedArrayFromHeap" in backend) return wasmHost(backend as WasmBackend);
  return plainHost(backend);
}

function nodeHost(backend: NodeBackend): Host {
  return {
    read: (tensor, to) => backend.copyInto(tensor, to),
    write: (shape, values) => backend.copyOf(values, shape),
  };
}

function wasmHost(backend: WasmBackend): Host {
  return {
    read: (tensor, to) => to.set(backend.typedArrayFromHeap(tensor)),
    write(shape, values) {
      const tensor = backend.makeOutput(shape, "float32");
      backend.typedArrayFromHeap(tensor).set(values);
      return tensor;
    },
  };
}

/** Any backend that reads at once, such as tfjs's cpu and tfjs-node. */
function plainHost(backend: tf.KernelBackend): Host {
  return {
    read: ({ dataId }, to) => to.set(backend.readSync(dataId) as Float32Array),
    write: (shape, values) => ({
      dataId: backend.write(values.slice(), shape, "float32"),
      shape,
      dtype: "float32",
    }),
  };
}
