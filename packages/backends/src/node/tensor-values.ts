import { NuwaError } from "@nuwa/tensor3d";
import { TF_TYPE } from "./op-attributes.ts";

/** What a tensor is made of. */
export type Values =
  | Float32Array
  | Int32Array
  | Uint8Array
  | BigInt64Array
  | Uint8Array[]
  | string[]
  | number[]
  | boolean[];

/** Whole numbers as TensorFlow takes shapes and lists. */
export function int64s(values: readonly number[]): BigInt64Array {
  const result = new BigInt64Array(values.length);
  for (let index = 0; index < values.length; index++) result[index] = BigInt(values[index]);
  return result;
}

/**
 * Values as the typed array that a TensorFlow type is laid out as.
 *
 * @throws NuwaError `SHAPE` when they are not `size` elements, `BACKEND` for a type that tfjs has not
 */
export function typedValues(dtype: number, values: Values, size: number): ArrayBufferView {
  let array: ArrayBufferView;
  let elements: number;
  const numbers = values as ArrayLike<number>;
  switch (dtype) {
    case TF_TYPE.float32:
      array = values instanceof Float32Array ? values : Float32Array.from(numbers);
      elements = values.length;
      break;
    case TF_TYPE.complex64: // interleaved real and imaginary parts
      array = values instanceof Float32Array ? values : Float32Array.from(numbers);
      elements = values.length / 2;
      break;
    case TF_TYPE.int32:
      array = values instanceof Int32Array ? values : Int32Array.from(numbers);
      elements = values.length;
      break;
    case TF_TYPE.bool:
    case TF_TYPE.uint8:
      array = values instanceof Uint8Array ? values : Uint8Array.from(numbers);
      elements = values.length;
      break;
    case TF_TYPE.int64: // tfjs-node passes pairs of int32, low word first
      array = values as BigInt64Array | Int32Array;
      elements = values instanceof BigInt64Array ? values.length : values.length / 2;
      break;
    default:
      throw new NuwaError("BACKEND", `node backend: cannot create a tensor of TensorFlow type ${dtype}.`);
  }
  if (elements !== size) {
    throw new NuwaError("SHAPE", `node backend: a tensor of ${size} elements got ${elements} values.`);
  }
  return array;
}

/** An array for the values of a tensor of `bytes`. */
export function emptyValues(
  dtype: number,
  bytes: number,
): Float32Array | Int32Array | Uint8Array | BigInt64Array {
  switch (dtype) {
    case TF_TYPE.float32:
    case TF_TYPE.complex64:
      return new Float32Array(bytes / 4);
    case TF_TYPE.int32:
      return new Int32Array(bytes / 4);
    case TF_TYPE.bool:
    case TF_TYPE.uint8:
      return new Uint8Array(bytes);
    case TF_TYPE.int64:
      return new BigInt64Array(bytes / 8);
    default:
      throw new NuwaError("BACKEND", `node backend: cannot read a tensor of TensorFlow type ${dtype}.`);
  }
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}
