import { fromBrainHalf, fromHalf } from "../half.ts";

/** Numbers on the host, as they come out of a file. */
export type HostData =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface Dtype {
  /** Bytes an element. */
  readonly size: number;
  /** Reads a buffer that starts at `offset`, a multiple of `size`. */
  readonly read: (buffer: ArrayBufferLike, offset: number, count: number) => HostData;
}

/** The element types that files may hold. */
export const dtypes: ReadonlyMap<string, Dtype> = new Map<string, Dtype>([
  ["F64", { size: 8, read: (...at) => new Float64Array(...at) }],
  ["F32", { size: 4, read: (...at) => new Float32Array(...at) }],
  ["F16", { size: 2, read: (...at) => fromHalf(new Uint16Array(...at)) }],
  ["BF16", { size: 2, read: (...at) => fromBrainHalf(new Uint16Array(...at)) }],
  ["I64", { size: 8, read: (...at) => new BigInt64Array(...at) }],
  ["I32", { size: 4, read: (...at) => new Int32Array(...at) }],
  ["I16", { size: 2, read: (...at) => new Int16Array(...at) }],
  ["I8", { size: 1, read: (...at) => new Int8Array(...at) }],
  ["U64", { size: 8, read: (...at) => new BigUint64Array(...at) }],
  ["U32", { size: 4, read: (...at) => new Uint32Array(...at) }],
  ["U16", { size: 2, read: (...at) => new Uint16Array(...at) }],
  ["U8", { size: 1, read: (...at) => new Uint8Array(...at) }],
  ["BOOL", { size: 1, read: (...at) => new Uint8Array(...at) }],
]);
