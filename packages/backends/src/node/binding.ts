import { NuwaError } from "@nuwa/tensor3d";
import { eagerAttributes, type SetAttribute } from "./attribute-setters.ts";
import { encodeConfig } from "./config-proto.ts";
import { FunctionLibrary } from "./function-library.ts";
import { type Functions, loadFunctions, type Pointer } from "./functions.ts";
import type { Loan } from "./loan.ts";
import { CStrings } from "./memory.ts";
import type { Observer } from "./observer.ts";
import { ATTRIBUTE, type OpAttribute, TF_TYPE } from "./op-attributes.ts";
import { readStrings, writeStrings } from "./strings.ts";
import { emptyValues, typedValues, type Values } from "./tensor-values.ts";

export interface BindingOptions {
  /** Threads within an operation and across operations. Default: the cores that this process may use. */
  readonly threads: number;
}

/** A tensor that an operation returned: `id` is its handle. */
export interface TensorMetadata {
  id: number;
  shape: number[];
  dtype: number;
}

/**
 * tfjs-node's `TFJSBinding` over libtensorflow's C API. A tensor's id is the address of its TensorFlow
 * handle; whoever gets one must give it to {@link deleteTensor} once.
 */
export class Binding {
  readonly version: string;
  readonly threads: number;
  /** Told of every operation while a step is recorded. */
  observer: Observer | undefined;
  /** Names such as `/job:localhost/replica:0/task:0/device:GPU:0`, with their kinds. */
  readonly devices: readonly { readonly name: string; readonly type: string }[];
  /** Functions of several operations, which {@link executeOp} runs by their names. */
  readonly functions: FunctionLibrary;

  // What tfjs-node's kernels read.
  readonly TF_FLOAT = TF_TYPE.float32;
  readonly TF_INT32 = TF_TYPE.int32;
  readonly TF_INT64 = TF_TYPE.int64;
  readonly TF_BOOL = TF_TYPE.bool;
  readonly TF_COMPLEX64 = TF_TYPE.complex64;
  readonly TF_STRING = TF_TYPE.string;
  readonly TF_RESOURCE = TF_TYPE.resource;
  readonly TF_UINT8 = TF_TYPE.uint8;
  readonly TF_ATTR_STRING = ATTRIBUTE.string;
  readonly TF_ATTR_INT = ATTRIBUTE.int;
  readonly TF_ATTR_FLOAT = ATTRIBUTE.float;
  readonly TF_ATTR_BOOL = ATTRIBUTE.bool;
  readonly TF_ATTR_TYPE = ATTRIBUTE.type;
  readonly TF_ATTR_SHAPE = ATTRIBUTE.shape;

  private readonly c: Functions;
  private readonly context: Pointer;
  private readonly status: Pointer;
  private readonly names = new CStrings();
  private readonly dims = new BigInt64Array(16);
  private readonly outputCount = new Int32Array(1);
  /** Values of small tensors on their way: an array of their own would first be moved off V8's heap. */
  private readonly small = new Uint8Array(64 * 4);
  private outputs = new BigUint64Array(16);
  private readonly setAttribute: SetAttribute;
  private op: Pointer = 0;
  private tensors = 0;

  constructor(folder: string, options: BindingOptions) {
    const c = loadFunctions(folder);
    this.c = c;
    this.threads = options.threads;
    this.version = c.TF_Version();
    this.status = c.TF_NewStatus();
    this.setAttribute = eagerAttributes(c, this.names, this.status);
    this.context = this.createContext(encodeConfig(options.threads));
    const { context, status, names } = this;
    const tools = { c, context, status, names, check: (where: string) => this.check(where) };
    this.functions = new FunctionLibrary(tools, (id) => ({
      shape: this.describe(id).shape,
      values: this.tensorDataSync(id),
    }));
    this.devices = this.listDevices();
  }

  /** Copies values into a new tensor. */
  createTensor(shape: readonly number[], dtype: number, values: Values): number {
    const { c } = this;
    const size = sizeOf(shape);
    const array = dtype === TF_TYPE.string ? undefined : typedValues(dtype, values, size);
    const bytes = array ? array.byteLength : size * 24; // TF_TString is 24 bytes
    return this.allocate(shape, dtype, bytes, (data) => {
      if (!array) writeStrings(c, data, values as (string | Uint8Array)[], size);
      else if (bytes > 0) c.copyIn(data, this.staged(array), bytes);
    });
  }

  /** A new float32 tensor, to be filled by {@link writeTensor} before any operation reads it. */
  createEmpty(shape: readonly number[]): number {
    return this.allocate(shape, TF_TYPE.float32, sizeOf(shape) * 4, () => {});
  }

  /** A new float32 tensor whose values stay where they are, from an address on that is a multiple of 64. */
  createOver(shape: readonly number[], { values, byteLength }: Loan): number {
    const { c, dims } = this;
    return this.newTensor(shape, () =>
      c.TF_NewTensor(TF_TYPE.float32, dims, shape.length, values, byteLength, c.memset, 1),
    );
  }

  /** Another id of the same tensor, to be deleted as well. */
  share(id: number): number {
    const copy = this.c.TFE_TensorHandleCopySharingTensor(id, this.status);
    this.check("share");
    this.tensors++;
    return copy;
  }

  deleteTensor(id: number): void {
    this.observer?.deleted(id);
    this.c.TFE_DeleteTensorHandle(id);
    this.tensors--;
  }

  /** A copy of a tensor's values, the caller's to keep. */
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array | BigInt64Array | Uint8Array[] {
    const { c } = this;
    return this.withValues(id, "tensorDataSync", (from, bytes) => {
      const dtype = c.TFE_TensorHandleDataType(id);
      if (dtype === TF_TYPE.string) return readStrings(c, from, bytes / 24);
      const values = emptyValues(dtype, bytes);
      if (bytes > 0) c.copyOut(values, from, bytes);
      return values;
    });
  }

  /** Copies as many bytes of a tensor, from `begin` on, as an array has. */
  copyTensor(id: number, to: ArrayBufferView, begin = 0): void {
    this.withPart(id, "copyTensor", to, begin, (from) => this.c.copyOut(to, from, to.byteLength));
  }

  /** Copies an array into a tensor's values, from byte `begin` on. */
  writeTensor(id: number, values: ArrayBufferView, begin = 0): void {
    this.withPart(id, "writeTensor", values, begin, (to) => this.c.copyIn(to, values, values.byteLength));
  }

  /**
   * Runs any TensorFlow operation.
   *
   * @throws NuwaError `BACKEND` with the operation's name and TensorFlow's message
   */
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    count: number,
  ): TensorMetadata[] {
    const { c, status } = this;
    const cName = this.names.of(name);
    if (this.op === 0) this.op = c.TFE_NewOp(this.context, cName, status);
    else c.TFE_OpReset(this.op, cName, 0, status);
    const op = this.op;
    this.check(name);
    for (let index = 0; index < attributes.length; index++) this.setAttribute(op, attributes[index]);
    for (let index = 0; index < inputs.length; index++) c.TFE_OpAddInput(op, inputs[index], status);
    this.check(name);
    if (count > this.outputs.length) this.outputs = new BigUint64Array(count);
    this.outputCount[0] = count;
    c.TFE_Execute(op, this.outputs, this.outputCount, status);
    this.check(name);
    const results: TensorMetadata[] = new Array(count);
    for (let index = 0; index < count; index++) results[index] = this.describe(Number(this.outputs[index]));
    this.tensors += count;
    this.observer?.executed(name, attributes, inputs, results);
    return results;
  }

  getNumOfTensors(): number {
    return this.tensors;
  }

  getNumOfSavedModels(): number {
    return 0;
  }

  isUsingGpuDevice(): boolean {
    return this.devices.some(({ type }) => type === "GPU");
  }

  /** Gives `use` the address of a tensor's values, good until it returns. */
  private withValues<Result>(
    id: number,
    where: string,
    use: (from: Pointer, bytes: number) => Result,
  ): Result {
    const { c } = this;
    const tensor = c.TFE_TensorHandleResolve(id, this.status); // no copy on the CPU
    this.check(where);
    try {
      return use(c.TF_TensorData(tensor), c.TF_TensorByteSize(tensor));
    } finally {
      c.TF_DeleteTensor(tensor);
    }
  }

  /** The same for the part of the values that an array stands for, from byte `begin` on. */
  private withPart(
    id: number,
    where: string,
    { byteLength }: ArrayBufferView,
    begin: number,
    use: (part: Pointer) => void,
  ): void {
    this.withValues(id, where, (values, bytes) => {
      if (begin + byteLength > bytes) {
        throw new NuwaError(
          "SHAPE",
          `node backend: wanted at most ${bytes - begin} bytes from byte ${begin} of a tensor on, got ${byteLength}.`,
        );
      }
      if (byteLength > 0) use(values + begin);
    });
  }

  /** A new tensor in memory of TensorFlow's, whose values `fill` writes to the address that it gets. */
  private allocate(
    shape: readonly number[],
    dtype: number,
    bytes: number,
    fill: (data: Pointer) => void,
  ): number {
    const { c, dims } = this;
    const make = () => c.TF_AllocateTensor(dtype, dims, shape.length, bytes);
    return this.newTensor(shape, make, (tensor) => fill(c.TF_TensorData(tensor)));
  }

  /** The id of a tensor that `make` makes of the shape in `dims`, and `fill` fills. */
  private newTensor(
    shape: readonly number[],
    make: () => Pointer,
    fill: (tensor: Pointer) => void = () => {},
  ): number {
    const { c, status } = this;
    for (let axis = 0; axis < shape.length; axis++) this.dims[axis] = BigInt(shape[axis]);
    const tensor = make();
    if (tensor === 0) throw new NuwaError("BACKEND", `node backend: no memory for a tensor [${shape}].`);
    try {
      fill(tensor);
      const handle = c.TFE_NewTensorHandle(tensor, status);
      this.check("createTensor");
      this.tensors++;
      return handle;
    } finally {
      c.TF_DeleteTensor(tensor); // the handle keeps its own reference
    }
  }

  private staged(array: ArrayBufferView): ArrayBufferView {
    const { small } = this;
    if (array.byteLength > small.length) return array;
    small.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return small;
  }

  /** The shape and type of a tensor. */
  describe(handle: Pointer): TensorMetadata {
    const { c, status } = this;
    const rank = c.TFE_TensorHandleNumDims(handle, status);
    const shape: number[] = new Array(rank);
    for (let axis = 0; axis < rank; axis++) shape[axis] = c.TFE_TensorHandleDim(handle, axis, status);
    return { id: handle, shape, dtype: c.TFE_TensorHandleDataType(handle) };
  }

  /** Throws what the last call left in the status. */
  private check(where: string): void {
    if (this.c.TF_GetCode(this.status) === 0) return;
    const message = this.c.TF_Message(this.status);
    // A reset operation keeps what it held; the next one starts anew.
    if (this.op !== 0) this.c.TFE_DeleteOp(this.op);
    this.op = 0;
    throw new NuwaError("BACKEND", `${where}: ${message}`);
  }

  private createContext(config: Uint8Array): Pointer {
    const { c, status } = this;
    const options = c.TFE_NewContextOptions();
    try {
      c.TFE_ContextOptionsSetConfig(options, config, config.length, status);
      this.check("node backend: configuration");
      c.TFE_ContextOptionsSetDevicePlacementPolicy(options, 2); // copy inputs between devices as needed
      const context = c.TFE_NewContext(options, status);
      this.check("node backend: context");
      return context;
    } finally {
      c.TFE_DeleteContextOptions(options);
    }
  }

  private listDevices(): { name: string; type: string }[] {
    const { c, status } = this;
    const list = c.TFE_ContextListDevices(this.context, status);
    this.check("node backend: devices");
    const devices = Array.from({ length: c.TF_DeviceListCount(list) }, (_, index) => ({
      name: c.TF_DeviceListName(list, index, status),
      type: c.TF_DeviceListType(list, index, status),
    }));
    c.TF_DeleteDeviceList(list);
    return devices;
  }
}

function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis];
  return size;
}
