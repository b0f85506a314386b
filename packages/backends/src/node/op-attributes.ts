import type { DataType, Tensor } from "@tensorflow/tfjs-core";

/** The numbers of TensorFlow's C enum `TF_DataType` that tfjs can meet. */
export const TF_TYPE = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int16: 5,
  int8: 6,
  string: 7,
  complex64: 8,
  int64: 9,
  bool: 10,
  bfloat16: 14,
  float16: 19,
  resource: 20,
} as const;

/** What the types of TensorFlow's results are in tfjs. */
export const TFJS_TYPE: Readonly<Record<number, DataType>> = {
  [TF_TYPE.float32]: "float32",
  [TF_TYPE.int32]: "int32",
  [TF_TYPE.int64]: "int32",
  [TF_TYPE.uint8]: "int32",
  [TF_TYPE.bool]: "bool",
  [TF_TYPE.complex64]: "complex64",
  [TF_TYPE.string]: "string",
  [TF_TYPE.resource]: "string",
};

/** The numbers of TensorFlow's C enum `TF_AttrType` that the kernels set. */
export const ATTRIBUTE = { string: 0, int: 1, float: 2, bool: 3, type: 4, shape: 5 } as const;

/** An attribute of a TensorFlow operation, as tfjs-node's kernels write it. */
export interface OpAttribute {
  readonly name: string;
  /** One of {@link ATTRIBUTE}. */
  readonly type: number;
  readonly value: boolean | number | string | readonly number[] | readonly string[];
}

/** The number of a tfjs data type (`int64` too) in TensorFlow's C enum. */
export function getTFDType(dataType: DataType | "int64"): number {
  const type = (TF_TYPE as Record<string, number>)[dataType];
  if (type === undefined) throw new Error(`node backend: unknown data type ${dataType}.`);
  return type;
}

const typeAttributes = new Map<string, Map<number, OpAttribute>>();

/** The attribute that names an operation's data type: of a type, a tensor or the first of some tensors. */
export function createTensorsTypeOpAttr(
  name: string,
  tensorsOrType: DataType | Pick<Tensor, "dtype"> | readonly Pick<Tensor, "dtype">[],
): OpAttribute {
  const first = Array.isArray(tensorsOrType) ? tensorsOrType[0] : tensorsOrType;
  const type = first === undefined ? -1 : getTFDType(typeof first === "string" ? first : first.dtype);
  let ofName = typeAttributes.get(name);
  if (!ofName) typeAttributes.set(name, (ofName = new Map()));
  let attribute = ofName.get(type);
  if (!attribute) ofName.set(type, (attribute = { name, type: ATTRIBUTE.type, value: type }));
  return attribute;
}
