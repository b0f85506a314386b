import { expect, test } from "vitest";
import { bytesOf, zip } from "../testing/torch-files.ts";
import { zipEntries } from "./zip.ts";

const files = [
  ["a/one", bytesOf("first")],
  ["a/empty", bytesOf("")],
  ["a/two", bytesOf("second")],
] as const;

test.each([
  ["plain", {}],
  ["with a comment", { comment: "PK\x05\x06 is not the end" }],
  ["zip64", { wide: true }],
  ["with sizes behind the content and names in UTF-8", { flags: 0x808 }],
])("reads an archive, %s, without a copy", (_name, options) => {
  const bytes = zip(files, options);
  const entries = zipEntries(bytes);
  expect([...entries]).toEqual(files);
  expect(entries.get("a/two")!.buffer).toBe(bytes.buffer);
});

test.each([
  ["empty", bytesOf(), "wanted a zip archive"],
  ["something else", bytesOf("x".repeat(100)), "wanted a zip archive"],
  ["cut", zip(files).subarray(0, 120), "has no end: the file was cut"],
  ["encrypted", zip(files, { flags: 1 }), '"a/one" in its zip archive is encrypted'],
  ["compressed", zip(files, { method: 8 }), '"a/one" in its zip archive is compressed (method 8)'],
  ["of two sizes", zip(files, { packedExtra: 1 }), "has the sizes 6 and 5"],
  ["too long", zip(files, { sizeExtra: 9 }), '"a/one" overlaps "a/empty"'],
  ["far too long", zip(files, { sizeExtra: 2 ** 31 }), "said to have 2147483653 bytes, more than there are"],
  ["far too long in zip64", zip(files, { sizeExtra: 2 ** 52, wide: true }), "more than there are"],
  ["of another name inside", zip(files, { localName: "a/oen" }), "another name in front of its content"],
  ["with a file twice", zip([files[0], files[0]]), 'has the file "a/one" twice'],
  ["of too many files", zip(files, { count: 4 }), "is too short for 4 files"],
  ["of absurdly many files", zip(files, { count: 2 ** 50, wide: true }), "is too short for"],
])("an archive is refused: %s", (_name, bytes, message) => {
  expect(() => zipEntries(bytes)).toThrow(message);
  expect(() => zipEntries(bytes)).toThrow(expect.objectContaining({ name: "NuwaError", code: "FILE" }));
});

test.each([false, true])("a cut or another byte anywhere is read or refused, zip64=%s", (wide) => {
  const good = zip(files, { wide });
  for (let place = 0; place < good.length; place++) {
    expect(() => zipEntries(good.subarray(0, place))).toThrow(/^torch checkpoint: /);
    for (const flip of [1, 0x80, 0xff]) {
      const bytes = Uint8Array.from(good);
      bytes[place] ^= flip;
      try {
        zipEntries(bytes);
      } catch (error) {
        expect(error).toMatchObject({ name: "NuwaError" });
      }
    }
  }
});
