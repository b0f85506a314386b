import { clipped } from "./error.ts";

/** What an unpickled file consists of. Python's None is null. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Value[]
  | Tuple
  | Dictionary
  | Global
  | Unknown
  | Storage
  | StoredTensor;

export interface Dictionary extends Map<Value, Value> {}

/** Unlike a list it cannot grow. */
export class Tuple {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    this.items = items;
  }
}

/** One of the classes and functions that are known. It is only a name. */
export class Global {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Stands for an object of a class that is not known. It has nothing but the name of the class. */
export class Unknown {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Bytes of the file that one or more tensors look at. */
export class Storage {
  /** As in safetensors files: `F32`, `I64`, ... */
  readonly dtype: string;
  readonly bytes: Uint8Array;
  /** Elements. */
  readonly count: number;

  constructor(dtype: string, bytes: Uint8Array, count: number) {
    this.dtype = dtype;
    this.bytes = bytes;
    this.count = count;
  }
}

/** A view of a storage, known to lie inside it. Offset and strides count elements. */
export class StoredTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** For messages: `a list`, `torch.FloatStorage`, ... */
export function kindOf(value: Value): string {
  if (value === null) return "None";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "a dictionary";
  if (value instanceof Tuple) return "a tuple";
  if (value instanceof Storage) return "a storage";
  if (value instanceof StoredTensor) return "a tensor";
  if (value instanceof Global || value instanceof Unknown) return clipped(value.name);
  return typeof value === "string" ? "a text" : typeof value === "boolean" ? "a boolean" : "a number";
}
