import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crc32c, maskedCrc32c } from "./crc32c.ts";
import { EventWriter } from "./event-writer.ts";
import { varint } from "./protobuf.ts";
import { encodeRecord } from "./record.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("checksums", () => {
  // The check value of CRC-32C, and RFC 3720's examples.
  test.each([
    [ascii("123456789"), 0xe3069283],
    [new Uint8Array(32), 0x8a9136aa],
    [new Uint8Array(32).fill(255), 0x62a8ab43],
  ])("the CRC-32C of a known string", (bytes, expected) => expect(crc32c(bytes)).toBe(expected));

  test("masking rotates and adds", () => {
    const crc = 0xe3069283;
    const rotated = ((BigInt(crc) >> 15n) | (BigInt(crc) << 17n)) & 0xffffffffn;
    expect(BigInt(maskedCrc32c(ascii("123456789")))).toBe((rotated + 0xa282ead8n) & 0xffffffffn);
  });
});

test("varints", () => {
  expect([...varint(0)]).toEqual([0]);
  expect([...varint(300)]).toEqual([0xac, 0x02]);
  expect([...varint(2 ** 40)]).toEqual([0x80, 0x80, 0x80, 0x80, 0x80, 0x20]);
});

test("a record is length, checksum, content, checksum", () => {
  const record = encodeRecord(ascii("abc"));
  const view = new DataView(record.buffer);
  expect(record.length).toBe(19);
  expect(view.getBigUint64(0, true)).toBe(3n);
  expect(view.getUint32(8, true)).toBe(maskedCrc32c(record.subarray(0, 8)));
  expect(view.getUint32(15, true)).toBe(maskedCrc32c(ascii("abc")));
});

describe("EventWriter", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "nuwa-events-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("writes what the wire format says, and TensorBoard reads", async () => {
    const writer = new EventWriter(folder);
    writer.scalars(7, { "loss/total": 1.5, rate: 300 });
    writer.image(300, "sample", { width: 2, height: 1, png: Uint8Array.of(9, 8, 7) });
    writer.close();
    const [version, scalars, image] = readEvents(await readFile(writer.path));

    expect(version[3]).toEqual([ascii("brain.Event:2")]);
    expect(version[1][0]).toBeCloseTo(Date.now() / 1000, -2);
    expect(scalars[2]).toEqual([7]);
    const values = parse(scalars[5][0] as Uint8Array)[1].map((value) => parse(value as Uint8Array));
    expect(values.map((value) => [decode(value[1][0]), value[2][0]])).toEqual([
      ["loss/total", 1.5],
      ["rate", 300],
    ]);
    expect(image[2]).toEqual([300]);
    const [value] = parse(image[5][0] as Uint8Array)[1].map((each) => parse(each as Uint8Array));
    expect(decode(value[1][0])).toBe("sample");
    expect(parse(value[4][0] as Uint8Array)).toEqual({ 1: [1], 2: [2], 3: [3], 4: [Uint8Array.of(9, 8, 7)] });
  });

  test("names the folder that it cannot write", () => {
    expect(() => new EventWriter(join(folder, "missing"))).toThrow(/missing.*no such file or folder/s);
  });
});

const decode = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array);

/** Splits a file into events and checks both checksums of each record. */
function readEvents(file: Uint8Array): Message[] {
  const events: Message[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    expect(view.getUint32(at + 8, true)).toBe(maskedCrc32c(file.subarray(at, at + 8)));
    const content = file.subarray(at + 12, at + 12 + length);
    expect(view.getUint32(at + 12 + length, true)).toBe(maskedCrc32c(content));
    events.push(parse(content));
    at += length + 16;
  }
  return events;
}

type Message = Record<number, (number | Uint8Array)[]>;

/** A protobuf message by field number, written apart from the encoder. */
function parse(bytes: Uint8Array): Message {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const message: Message = {};
  let at = 0;
  const integer = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = bytes[at++];
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const read = (wireType: number): number | Uint8Array => {
    if (wireType === 0) return integer();
    if (wireType === 1) return view.getFloat64((at += 8) - 8, true);
    if (wireType === 5) return view.getFloat32((at += 4) - 4, true);
    const length = integer();
    return new Uint8Array(bytes.subarray((at += length) - length, at));
  };
  while (at < bytes.length) {
    const key = integer();
    (message[key >> 3] ??= []).push(read(key & 7));
  }
  return message;
}
