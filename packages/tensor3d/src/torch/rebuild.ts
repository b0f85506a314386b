import { dtypes } from "../safetensors/dtype.ts";
import { convertHint, quoted, refuse } from "./error.ts";
import type { Builder } from "./pickle.ts";
import { Global, kindOf, Storage, StoredTensor, Tuple, Unknown, type Value } from "./values.ts";

const orderedDict = "collections.OrderedDict";
const rebuildTensor = "torch._utils._rebuild_tensor_v2";
const rebuildParameter = "torch._utils._rebuild_parameter";
const size = "torch.Size";

/** The element types of the storages that are read. */
const storageDtypes = new Map([
  ["torch.FloatStorage", "F32"],
  ["torch.DoubleStorage", "F64"],
  ["torch.HalfStorage", "F16"],
  ["torch.BFloat16Storage", "BF16"],
  ["torch.LongStorage", "I64"],
  ["torch.IntStorage", "I32"],
  ["torch.ShortStorage", "I16"],
  ["torch.CharStorage", "I8"],
  ["torch.ByteStorage", "U8"],
  ["torch.BoolStorage", "BOOL"],
]);

/** All that is known, by module and name as they stand in the file. */
const globals = new Map(
  [orderedDict, rebuildTensor, rebuildParameter, size, ...storageDtypes.keys()].map((name) => {
    const dot = name.lastIndexOf(".");
    return [`${name.slice(0, dot)}\n${name.slice(dot + 1)}`, new Global(name)];
  }),
);

/** Builds tensors that look at the files in an archive, of which `storageOf` gives the one with a key. */
export function tensorBuilder(storageOf: (key: string) => Uint8Array | undefined): Builder {
  return {
    global: (module, name) => globals.get(`${module}\n${name}`),
    call,
    persistent: (id) => storage(id, storageOf),
  };
}

function call({ name }: Global, { items }: Tuple): Value {
  if (name === orderedDict && items.length === 0) return new Map();
  if (name === size && items.length === 1 && items[0] instanceof Tuple) return items[0];
  if (name === rebuildTensor && items.length >= 6 && items.length <= 7) return tensor(items);
  if (name === rebuildParameter && items.length === 3) {
    const [data] = items;
    if (data instanceof StoredTensor || data instanceof Unknown) return data;
  }
  return refuse(
    `${name} is called with ${items.length} arguments (${items.slice(0, 8).map(kindOf).join(", ")})`,
  );
}

/** `("storage", class, key, device, count)`. The device does not matter. */
function storage(id: Value, storageOf: (key: string) => Uint8Array | undefined): Value {
  if (!(id instanceof Tuple) || id.items.length !== 5 || id.items[0] !== "storage")
    refuse(`wanted the persistent id of a storage, got ${kindOf(id)}`);
  const [, type, key, , count] = id.items;
  if (type instanceof Unknown) return type;
  const dtype = type instanceof Global ? storageDtypes.get(type.name) : undefined;
  if (dtype === undefined) refuse(`wanted a class of storages, got ${kindOf(type)}`);
  if (typeof key !== "string") refuse(`wanted the key of a storage as a text, got ${kindOf(key)}`);
  if (!isCount(count)) refuse(`the storage ${quoted(key)} is said to have ${shown(count)} elements`);
  const bytes = storageOf(key);
  if (bytes === undefined) refuse(`the storage ${quoted(key)} is not in the file`);
  const held = Math.floor(bytes.length / dtypes.get(dtype)!.size);
  if (held !== count) {
    refuse(`the storage ${quoted(key)} is said to have ${count} elements of ${dtype}, but has ${held}`);
  }
  return new Storage(dtype, bytes, count);
}

/** `(storage, offset, shape, strides, requires gradient, hooks, metadata?)`. */
function tensor(items: readonly Value[]): Value {
  const [storage, offset, shape, strides, , , metadata] = items;
  if (storage instanceof Unknown) return storage;
  if (!(storage instanceof Storage)) refuse(`wanted the storage of a tensor, got ${kindOf(storage)}`);
  if (!isCount(offset)) refuse(`a tensor begins at the element ${shown(offset)} of its storage`);
  const sizes = counts("shape", shape);
  const steps = counts("strides", strides);
  if (sizes.length !== steps.length) {
    refuse(`a tensor has the shape [${sizes.join(", ")}], but the strides [${steps.join(", ")}]`);
  }
  const plain =
    metadata === undefined || metadata === null || (metadata instanceof Map && metadata.size === 0);
  if (!plain) refuse("a tensor is marked as negated, conjugate or otherwise special", convertHint);
  const last = sizes.reduce((sum, length, axis) => sum + (length - 1) * steps[axis], offset);
  if (!sizes.includes(0) && last >= storage.count) {
    refuse(
      `a tensor of the shape [${sizes.join(", ")}] needs the element ${last} of a storage of ${storage.count}`,
    );
  }
  return new StoredTensor(storage, offset, sizes, steps);
}

function counts(what: string, value: Value): number[] {
  if (!(value instanceof Tuple) || value.items.length > 64 || !value.items.every(isCount))
    refuse(`wanted the ${what} of a tensor as at most 64 integers from 0 on, got ${shown(value)}`);
  return value.items as number[];
}

function isCount(value: Value): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function shown(value: Value): string {
  return value instanceof Tuple ? `(${value.items.slice(0, 8).map(shownItem).join(", ")})` : shownItem(value);
}

/** Goes no deeper: tuples may hold tuples without end. */
function shownItem(value: Value): string {
  return typeof value === "number" || typeof value === "bigint" ? String(value) : kindOf(value);
}
