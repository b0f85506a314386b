import * as tf from "@tensorflow/tfjs-core";
import { NuwaError } from "../errors.ts";
import { toBrainHalf, toHalf } from "../half.ts";
import { readBack } from "../read-back.ts";
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
export async function encodeSafetensors(
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
  metadata?: Readonly<Record<string, string>>,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const parts = await encodeParts(tensors, metadata, options);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** The same as pieces to write one after the other: the header, then a piece for each tensor. */
export async function encodeParts(
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
  metadata: Readonly<Record<string, string>> | undefined,
  { dtype = "F32" }: EncodeOptions,
): Promise<Uint8Array[]> {
  const host = await downloadAll(tensors);
  const pieces = host.map(([name, tensor]) => ({
    name,
    shape: tensor.shape,
    ...encodeData(name, tensor, dtype),
  }));
  const size = (piece: { dtype: string }) => dtypes.get(piece.dtype)!.size;
  pieces.sort((one, other) => size(other) - size(one) || (one.name < other.name ? -1 : 1));
  const header: [string, unknown][] = metadata ? [["__metadata__", checkedMetadata(metadata)]] : [];
  let offset = 0;
  for (const { name, dtype, shape, bytes } of pieces) {
    header.push([name, { dtype, shape, data_offsets: [offset, offset + bytes.length] }]);
    offset += bytes.length;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const start = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20); // padded with spaces
  new DataView(start.buffer).setBigUint64(0, BigInt(start.length - 8), true);
  start.set(json, 8);
  return [start, ...pieces.map((piece) => piece.bytes)];
}

async function downloadAll(
  tensors: Readonly<Record<string, tf.Tensor | HostTensorData>>,
): Promise<[string, HostTensorData][]> {
  const onDevice: [string, tf.Tensor][] = [];
  const host: [string, HostTensorData][] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    if (name === "__metadata__") refuse(name, "this name is the format's own");
    if (!(tensor instanceof tf.Tensor)) host.push([name, tensor]);
    else if (["float32", "int32", "bool"].includes(tensor.dtype)) onDevice.push([name, tensor]);
    else refuse(name, `wanted float32, int32 or bool, got ${tensor.dtype}`);
  }
  const values = await readBack(onDevice.map(([, tensor]) => tensor));
  for (const [index, [name, { shape, dtype }]] of onDevice.entries()) {
    host.push([name, { shape, data: values[index], dtype }]);
  }
  return host;
}

function encodeData(
  name: string,
  { shape, data, dtype }: HostTensorData,
  floatDtype: "F32" | "F16" | "BF16",
): { dtype: string; bytes: Uint8Array } {
  const size = shape.reduce((product, length) => product * length, 1);
  if (data.length !== size)
    refuse(name, `wanted ${size} values for [${shape.join(", ")}], got ${data.length}`);
  if (data instanceof Float32Array && floatDtype === "F16")
    return { dtype: "F16", bytes: bytesOf(toHalf(data)) };
  if (data instanceof Float32Array && floatDtype === "BF16") {
    return { dtype: "BF16", bytes: bytesOf(toBrainHalf(data)) };
  }
  const isBool = data instanceof Uint8Array && (dtype === "BOOL" || dtype === "bool");
  const found = isBool ? "BOOL" : arrayDtypes.get(data?.constructor as never);
  if (found === undefined) refuse(name, "wanted a typed array of numbers");
  return { dtype: found, bytes: bytesOf(data) };
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
