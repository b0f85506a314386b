import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { applyActivation } from "./activation.ts";
import type { Binding, TensorMetadata } from "./binding.ts";
import type { ConstantInput } from "./constant-input.ts";
import { Constants } from "./constants.ts";
import { deleteEntry, type Entry, idOfEntry, idOfReshaped } from "./entries.ts";
import { Loan } from "./loan.ts";
import type { NamedInputs, OutsideKernel } from "./observer.ts";
import { withoutOneDnn } from "./one-dnn.ts";
import {
  ATTRIBUTE,
  createTensorsTypeOpAttr,
  getTFDType,
  type OpAttribute,
  TF_TYPE,
  TFJS_TYPE,
} from "./op-attributes.ts";
import { sameShape, type Values } from "./tensor-values.ts";

/** tfjs-node's stand-in for an int64 scalar. */
interface Int64Input {
  readonly valueArray: Int32Array;
}

/** An input of an operation. */
type OpInput = tf.TensorInfo | ConstantInput | Int64Input;

/**
 * The tfjs backend over libtensorflow: what tfjs-node's kernels expect of theirs, with memory that is
 * freed when a tensor is disposed, reads that are copies, and cached constants.
 */
export class NodeBackend extends tf.KernelBackend {
  readonly binding: Binding;
  /** True where kernels must keep to what TensorFlow's CUDA kernels can do. */
  readonly isGPUPackage: boolean;
  readonly isUsingGpuDevice: boolean;
  private readonly entries: tf.DataStorage<Entry>;
  private readonly constants: Constants;
  private readonly temporaries: number[] = [];
  private readonly loans = new Set<Loan>();

  constructor(binding: Binding) {
    super();
    this.binding = binding;
    this.constants = new Constants(binding);
    this.isUsingGpuDevice = binding.isUsingGpuDevice();
    this.isGPUPackage = this.isUsingGpuDevice;
    this.entries = new tf.DataStorage(this, tf.engine());
  }

  getDTypeInteger(dtype: tf.DataType): number {
    return getTFDType(dtype);
  }

  typeAttributeFromTensor(value: tf.TensorInfo): number {
    return getTFDType(value.dtype);
  }

  createReductionOpAttrs(tensor: tf.TensorInfo, keepDims = false): OpAttribute[] {
    return [
      { name: "keep_dims", type: ATTRIBUTE.bool, value: keepDims },
      createTensorsTypeOpAttr("T", tensor.dtype),
      createTensorsTypeOpAttr("Tidx", "int32"),
    ];
  }

  executeSingleInput(name: string, input: tf.TensorInfo): tf.Tensor {
    return this.executeSingleOutput(name, [createTensorsTypeOpAttr("T", input.dtype)], [input]);
  }

  executeSingleOutput(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly OpInput[],
  ): tf.Tensor {
    return this.executeMultipleOutputs(name, attributes, inputs, 1)[0];
  }

  /** Runs any TensorFlow operation on tensors of this backend; the caller owns the results. */
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly OpInput[],
    count: number,
  ): tf.Tensor[] {
    const ids: number[] = new Array(inputs.length);
    for (let index = 0; index < inputs.length; index++) ids[index] = this.idOf(inputs[index]);
    try {
      return this.executeOnIds(name, attributes, ids, count);
    } finally {
      if (this.temporaries.length > 0)
        for (const id of this.temporaries.splice(0)) this.binding.deleteTensor(id);
    }
  }

  /** The same for inputs given by the binding's ids, such as those of {@link idOf}. */
  executeOnIds(
    name: string,
    attributes: readonly OpAttribute[],
    ids: readonly number[],
    count: number,
  ): tf.Tensor[] {
    const results = this.binding.executeOp(name, attributes, ids, count);
    const tensors: tf.Tensor[] = new Array(count);
    for (let index = 0; index < count; index++) tensors[index] = this.createOutputTensor(results[index]);
    return tensors;
  }

  /** The binding's id of an input, which stays the backend's. */
  idOf(input: OpInput): number {
    if (!("dataId" in input)) return this.idOfSpecial(input);
    const id = this.idOfValues(input);
    const entry = this.entries.get(input.dataId);
    if (sameShape(entry.shape, input.shape)) return id;
    const reshaped = idOfReshaped(this.binding, entry, input.shape, (values) => this.vector(values));
    this.binding.observer?.reshaped(id, input.shape, reshaped);
    return reshaped;
  }

  /** The same for kernels to which the shape does not matter. */
  idOfValues({ dataId }: tf.TensorInfo): number {
    const id = idOfEntry(this.binding, this.entries.get(dataId));
    this.binding.observer?.used(dataId, id);
    return id;
  }

  /** A tensor of the same values: TensorFlow learns of the shape when an operation needs it. */
  reshape(x: tf.TensorInfo, shape: number[]): tf.TensorInfo {
    this.incRef(x.dataId);
    return { dataId: x.dataId, shape, dtype: x.dtype };
  }

  /** Copies values of a tensor, from element `begin` on, into an array, for kernels that compute outside of TensorFlow. */
  copyInto({ dataId }: tf.TensorInfo, to: Float32Array, begin = 0): void {
    this.binding.observer?.read("copyInto");
    // Values that no operation has seen become TensorFlow's too: into shared memory JavaScript copies several times slower.
    this.binding.copyTensor(idOfEntry(this.binding, this.entries.get(dataId)), to, begin * 4);
  }

  /** A new float32 tensor, to be filled by {@link copyFrom} before anything reads it. */
  emptyTensor(shape: number[]): tf.Tensor {
    this.binding.observer?.read("emptyTensor");
    return this.createOutputTensor({ id: this.binding.createEmpty(shape), shape, dtype: TF_TYPE.float32 });
  }

  /** Copies an array into an empty tensor's values, from element `begin` on. */
  copyFrom({ dataId }: tf.TensorInfo, values: Float32Array, begin = 0): void {
    this.binding.writeTensor(this.entries.get(dataId).id, values, begin * 4);
  }

  /**
   * A float32 tensor whose values stay in an array of the caller's, which begins at a multiple of 64 bytes and must be
   * left alone until `isReturned`: TensorFlow may read it longer than the tensor lives, through others of the same values.
   */
  lend(values: Float32Array, shape: number[]): { readonly tensor: tf.Tensor; isReturned(): boolean } {
    this.binding.observer?.read("lend");
    for (const loan of this.loans) if (loan.isReturned) this.loans.delete(loan);
    const loan = new Loan(values);
    const id = this.binding.createOver(shape, loan);
    this.loans.add(loan);
    const tensor = this.createOutputTensor({ id, shape, dtype: TF_TYPE.float32 });
    return { tensor, isReturned: () => loan.isReturned };
  }

  /**
   * Runs a kernel that computes outside of TensorFlow by the four above. A compiled step, which cannot see what such a
   * kernel does, calls it again.
   */
  runOutside<Attributes, Result extends tf.TensorInfo | tf.TensorInfo[]>(
    kernel: OutsideKernel<Attributes, Result>,
    inputs: NamedInputs,
    attributes: Attributes,
  ): Result {
    const { observer } = this.binding;
    return observer ? observer.runOutside(kernel, inputs, attributes) : kernel(this, inputs, attributes);
  }

  /** The id of an int32 vector that is kept, so that shapes and axes are made once. */
  vector(values: readonly number[]): number {
    return this.constants.int32(values, [values.length]);
  }

  /** The id of a scalar that is kept. */
  scalar(value: number, dtype: tf.DataType = "int32"): number {
    return this.constants.scalar(value, getTFDType(dtype));
  }

  /** Runs without kernels that are no operations of TensorFlow's public ones. */
  withoutOneDnn<Result>(run: () => Result): Result {
    return withoutOneDnn(run);
  }

  private idOfSpecial(input: ConstantInput | Int64Input): number {
    if ("constant" in input) return this.constants.int32(input.constant, input.shape);
    const id = this.binding.createTensor([], TF_TYPE.int64, input.valueArray);
    this.temporaries.push(id);
    return id;
  }

  createOutputTensor({ id, shape, dtype }: TensorMetadata): tf.Tensor {
    const type = TFJS_TYPE[dtype];
    if (type === undefined) {
      this.binding.deleteTensor(id);
      throw new NuwaError(
        "BACKEND",
        `node backend: an operation returned TensorFlow type ${dtype}, unknown to tfjs.`,
      );
    }
    const dataId = {};
    this.entries.set(dataId, { shape, dtype, id, values: null, reshaped: null, refCount: 1 });
    return tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype: type });
  }

  applyActivation(input: tf.Tensor, activation?: string, weights?: tf.Tensor, alpha?: number): tf.Tensor {
    return applyActivation(input, activation, weights, alpha);
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): object {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    this.binding.observer?.wrote(dataId);
    return dataId;
  }

  override move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    shape: number[],
    dtype: tf.DataType,
    refCount: number,
  ): void {
    this.entries.set(dataId, {
      shape,
      dtype: getTFDType(dtype),
      values: values as Values,
      id: -1,
      reshaped: null,
      refCount,
    });
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    this.binding.observer?.read("dataSync");
    const { values, id } = this.entries.get(dataId);
    // A copy also of what was written and not used yet.
    return (
      values === null ? this.binding.tensorDataSync(id) : values.slice()
    ) as tf.backend_util.BackendValues;
  }

  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override disposeData(dataId: object, force = false): boolean {
    if (!this.entries.has(dataId)) return true;
    const entry = this.entries.get(dataId);
    entry.refCount--;
    if (!force && entry.refCount > 0) return false;
    deleteEntry(this.binding, entry);
    this.entries.delete(dataId);
    return true;
  }

  override refCount(dataId: object): number {
    return this.entries.has(dataId) ? this.entries.get(dataId).refCount : 0;
  }

  override incRef(dataId: object): void {
    this.entries.get(dataId).refCount++;
  }

  override numDataIds(): number {
    return this.entries.numDataIds();
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override async time(run: () => void): Promise<{ kernelMs: number }> {
    const start = performance.now();
    run();
    return { kernelMs: performance.now() - start };
  }

  override floatPrecision(): 16 | 32 {
    return 32;
  }

  /** Frees what the backend itself holds; tensors are their owners'. */
  override dispose(): void {
    this.constants.dispose();
  }

  /** The processor that computes. */
  get device(): string {
    return this.isUsingGpuDevice ? "GPU" : "CPU";
  }

  /** The library's version and the threads that it computes with. */
  get detail(): string {
    const { version, threads } = this.binding;
    return `libtensorflow ${version}, ${threads} ${threads === 1 ? "thread" : "threads"}`;
  }

  /** Tensors that TensorFlow holds for this backend, constants included. */
  tensorCount(): number {
    return this.binding.getNumOfTensors();
  }
}
