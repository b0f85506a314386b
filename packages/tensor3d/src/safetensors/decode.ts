import { dtypes, type HostData } from "./dtype.ts";
import { parseHeader } from "./header.ts";

export interface DecodedTensor {
  /** As in the file: `F32`, `F16`, `I64`, ... */
  readonly dtype: string;
  readonly shape: number[];
  /** F16 and BF16 widened to Float32Array, I64 and U64 as big integers, BOOL as bytes. */
  readonly data: HostData;
}

export interface DecodedSafetensors {
  readonly tensors: Record<string, DecodedTensor>;
  readonly metadata: Record<string, string>;
}

/**
 * Reads a file in the safetensors format. Arrays may share memory with `bytes`.
 *
 * @throws NuwaError `FILE` when the file is cut, or not exactly what the format asks for
 */
export function decodeSafetensors(bytes: Uint8Array): DecodedSafetensors {
  const { entries, metadata, dataStart } = parseHeader(bytes);
  const tensors = entries.map(({ name, dtype, shape, begin, end }): [string, DecodedTensor] => {
    const { size, read } = dtypes.get(dtype)!;
    const start = bytes.byteOffset + dataStart + begin;
    const data =
      start % size === 0
        ? read(bytes.buffer, start, (end - begin) / size)
        : read(bytes.slice(dataStart + begin, dataStart + end).buffer, 0, (end - begin) / size);
    return [name, { dtype, shape: [...shape], data }];
  });
  return { tensors: Object.fromEntries(tensors), metadata };
}
