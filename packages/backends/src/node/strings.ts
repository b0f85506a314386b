import type { Functions, Pointer } from "./functions.ts";

const STRING_BYTES = 24; // sizeof(TF_TString)
type StringFunctions = Pick<
  Functions,
  "TF_StringInit" | "TF_StringCopy" | "TF_StringGetSize" | "TF_StringGetDataPointer" | "copyOut"
>;

/** Fills a string tensor's memory: `count` values, text as UTF-8. */
export function writeStrings(
  c: StringFunctions,
  data: Pointer,
  values: readonly (string | Uint8Array)[],
  count: number,
): void {
  for (let index = 0; index < count; index++) {
    const address = data + index * STRING_BYTES;
    const value = values[index];
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    c.TF_StringInit(address);
    c.TF_StringCopy(address, bytes, bytes.length);
  }
}

/** The bytes of each value of a string tensor. */
export function readStrings(c: StringFunctions, data: Pointer, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const address = data + index * STRING_BYTES;
    const bytes = new Uint8Array(c.TF_StringGetSize(address));
    if (bytes.length > 0) c.copyOut(bytes, c.TF_StringGetDataPointer(address), bytes.length);
    return bytes;
  });
}
