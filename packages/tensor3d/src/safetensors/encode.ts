import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "../errors.ts";
import { toBrainHalf, toHalf } from "../half.ts";
import { dtypes, type HostData } from "./dtype.ts";

/** A tensor on the host whose element type follows from the array (or is BOOL, for bytes). */
export interface HostTensorData {
  readonly shape: readonly number[];
  readonly data: HostData;
  /** Only `"BOOL"` matters: what a `Uint8Array` holds. Others are taken from the array. */
  readonly dtype?: string;
}

export interface EncodeOptions {
  /** How float32 tensors are written; they are rounded to the nearest. Default `"F32"`. */
  readonly dtype?: "F32" | "F16" | "BF16";
}

/**
 * Writes tensors in the safetensors format, the widest elements first, then by name.
 *
 * @param tensors tfjs tensors (float32, int32 or bool; not disposed) or arrays on the host
 * @param metadata texts by name, kept in the header
 * @throws NuwaError `INPUT` when a tensor cannot be written
 */
export function encodeSafetensors(
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
  metadata?: Readonly<Record<string, string>>,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  return encodeInParts(tensors, metadata, options, async (parts, size) => {
    const bytes = new Uint8Array(size);
    let offset = 0;
    for await (const part of parts) {
      bytes.set(part, offset);
      offset += part.length;
    }
    return bytes;
  });
}

/**
 * The same as pieces to write one after the other, the header and then a piece for each tensor, so that only one tensor
 * need be in memory. The values are those of the moment of the call.
 *
 * @param use gets the pieces, good until it is done, and the bytes of all
 */
export async function encodeInParts<Result>(
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
  metadata: Readonly<Record<string, string>> | undefined,
  { dtype = "F32" }: EncodeOptions,
  use: (parts: AsyncIterable<Uint8Array>, size: number) => Promise<Result>,
): Promise<Result> {
  const entries = Object.entries(tensors).map(([name, tensor]) => entryOf(name, tensor, dtype));
  entries.sort((one, other) => other.width - one.width || (one.name < other.name ? -1 : 1));
  const start = encodeHeader(entries, metadata);
  const held = entries.map((entry) => ({
    ...entry,
    tensor: entry.tensor instanceof tf.Tensor ? tf.keep(tf.clone(entry.tensor)) : entry.tensor,
  }));
  try {
    const size = entries.reduce((sum, { bytes }) => sum + bytes, start.length);
    return await use(partsOf(start, held), size);
  } finally {
    tf.dispose(held.map(({ tensor }) => tensor).filter((tensor) => tensor instanceof tf.Tensor));
  }
}

/** A tensor of the file. */
interface Entry {
  readonly name: string;
  readonly tensor: tf.Tensor | HostTensorData;
  readonly dtype: string;
  /** Bytes of an element. */
  readonly width: number;
  readonly bytes: number;
}

function encodeHeader(
  entries: readonly Entry[],
  metadata: Readonly<Record<string, string>> | undefined,
): Uint8Array {
  const header: [string, unknown][] = metadata ? [["__metadata__", checkedMetadata(metadata)]] : [];
  let offset = 0;
  for (const { name, dtype, tensor, bytes } of entries) {
    header.push([name, { dtype, shape: tensor.shape, data_offsets: [offset, offset + bytes] }]);
    offset += bytes;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20); // padded with spaces
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(json, 8);
  return start;
}

async function* partsOf(start: Uint8Array, entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  yield start;
  for (const { tensor, dtype } of entries) {
    const data = tensor instanceof tf.Tensor ? await tensor.data() : tensor.data;
    if (dtype === "F16") yield bytesOf(toHalf(data as Float32Array));
    else if (dtype === "BF16") yield bytesOf(toBrainHalf(data as Float32Array));
    else yield bytesOf(data);
  }
}

function entryOf(
  name: string,
  tensor: tf.Tensor | HostTensorData,
  floatDtype: "F32" | "F16" | "BF16",
): Entry {
  if (name === "__metadata__") refuse(name, "this name is the format's own");
  const size = tensor.shape.reduce((product, length) => product * length, 1);
  const own = tensor instanceof tf.Tensor ? deviceDtype(name, tensor) : hostDtype(name, tensor, size);
  const dtype = own === "F32" ? floatDtype : own;
  const width = dtypes.get(dtype)!.size;
  return { name, tensor, dtype, width, bytes: size * width };
}

function deviceDtype(name: string, { dtype }: tf.Tensor): string {
  const found = new Map<string, string>([
    ["float32", "F32"],
    ["int32", "I32"],
    ["bool", "BOOL"],
  ]).get(dtype);
  return found ?? refuse(name, `wanted float32, int32 or bool, got ${dtype}`);
}

function hostDtype(name: string, { shape, data, dtype }: HostTensorData, size: number): string {
  if (data.length !== size)
    refuse(name, `wanted ${size} values for [${shape.join(", ")}], got ${data.length}`);
  if (data instanceof Uint8Array && dtype === "BOOL") return "BOOL";
  return arrayDtypes.get(data?.constructor) ?? refuse(name, "wanted a typed array of numbers");
}

const arrayDtypes = new Map<unknown, string>([
  [Float32Array, "F32"],
  [Float64Array, "F64"],
  [Int8Array, "I8"],
  [Int16Array, "I16"],
  [Int32Array, "I32"],
  [BigInt64Array, "I64"],
  [Uint8Array, "U8"],
  [Uint16Array, "U16"],
  [Uint32Array, "U32"],
  [BigUint64Array, "U64"],
]);

function bytesOf(data: HostData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function checkedMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value !== "string") {
      throw new NuwaError(
        "INPUT",
        `encodeSafetensors: the metadata ${JSON.stringify(key)}: wanted a text, got ${typeof value}. Use JSON.stringify.`,
      );
    }
  }
  return metadata;
}

function refuse(name: string, problem: string): never {
  throw new NuwaError("INPUT", `encodeSafetensors: the tensor ${JSON.stringify(name)}: ${problem}.`);
}
