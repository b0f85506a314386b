import { dtypes, type HostData } from "../safetensors/dtype.ts";
import type { Budget } from "./budget.ts";
import type { StoredTensor } from "./values.ts";

/**
 * The values of a tensor in row-major order, whatever its strides: F16 and BF16 widened to float32, F64 narrowed
 * to float32. Shares memory with the file where the values lie there in this form.
 */
export function tensorData(tensor: StoredTensor, budget: Budget): HostData {
  const { storage, offset, shape, strides } = tensor;
  const { size, read } = dtypes.get(storage.dtype)!;
  const isEmpty = shape.includes(0);
  // From the first element to the last that the tensor has, which are inside the storage.
  const span = isEmpty ? 0 : shape.reduce((sum, length, axis) => sum + (length - 1) * strides[axis], 1);
  const begin = isEmpty ? 0 : offset * size;
  const found = bitsAt(storage.bytes, size, begin, span, budget);
  const bits = isContiguous(shape, strides) ? found : gathered(found, tensor, budget);
  if (size === 2) budget.take(4 * bits.length);
  const values = read(bits.buffer, bits.byteOffset, bits.length);
  if (!(values instanceof Float64Array)) return values;
  budget.take(4 * values.length);
  return new Float32Array(values);
}

/** Elements as whole numbers of their size, so that each keeps its bits. */
function bitsAt(bytes: Uint8Array, size: number, begin: number, count: number, budget: Budget): HostData {
  const { read } = dtypes.get(`U${8 * size}`)!;
  const start = bytes.byteOffset + begin;
  if (start % size === 0) return read(bytes.buffer, start, count);
  budget.take(size * count);
  return read(bytes.slice(begin, begin + size * count).buffer, 0, count);
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let wanted = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== wanted) return shape.includes(0);
    wanted *= shape[axis];
  }
  return true;
}

/** `found` begins with the first element of the tensor. */
function gathered(found: HostData, { shape, strides }: StoredTensor, budget: Budget): HostData {
  const count = shape.reduce((product, length) => product * length, 1);
  budget.take(count * found.BYTES_PER_ELEMENT);
  const Values = found.constructor as new (length: number) => HostData;
  const values = new Values(count);
  const row = shape[shape.length - 1];
  const step = strides[shape.length - 1];
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let target = 0; target < count; target += row) {
    for (let column = 0; column < row; column++) values[target + column] = found[source + column * step];
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      index[axis]++;
      source += strides[axis];
      if (index[axis] < shape[axis]) break;
      source -= index[axis] * strides[axis];
      index[axis] = 0;
    }
  }
  return values;
}
