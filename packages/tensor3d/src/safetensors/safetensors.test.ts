import { readFileSync } from "node:fs";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { isNuwaError } from "../errors.ts";
import { decodeSafetensors } from "./decode.ts";
import { encodeSafetensors } from "./encode.ts";

beforeAll(useCpu);

const infinity = Number.POSITIVE_INFINITY;

describe("a file of Python's safetensors", () => {
  const { tensors, metadata } = decodeSafetensors(
    readFileSync(new URL("../fixtures/dtypes.safetensors", import.meta.url)),
  );

  test("has its metadata, shapes and dtypes", () => {
    expect(metadata.seed).toBe("20");
    expect(tensors.f32).toMatchObject({ dtype: "F32", shape: [1, 11] });
    expect(tensors.scalar).toMatchObject({ dtype: "F32", shape: [], data: new Float32Array([2.5]) });
    expect(tensors.empty).toMatchObject({ dtype: "F32", shape: [0, 3], data: new Float32Array(0) });
    expect(tensors['ключ " \\ {'].data).toEqual(new Float32Array([1]));
    expect(Object.keys(tensors)).toHaveLength(16);
  });

  test.each([
    ["f64", new Float64Array([Math.PI, -1e300, 5e-324])],
    ["f32", new Float32Array([0, -0, 1, -1.5, 65504, 6e-8, 1e-5, 3.3, infinity, -infinity, Number.NaN])],
    ["i64", new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n, 0n])],
    ["i32", new Int32Array([-(2 ** 31), 2 ** 31 - 1])],
    ["i16", new Int16Array([-(2 ** 15), 2 ** 15 - 1])],
    ["i8", new Int8Array([-128, 127, 3])],
    ["u64", new BigUint64Array([0n, 2n ** 63n])],
    ["u32", new Uint32Array([0, 2 ** 32 - 1])],
    ["u16", new Uint16Array([0, 65535])],
    ["u8", new Uint8Array([0, 255, 7])],
    ["bool", new Uint8Array([1, 0, 1])],
  ])("%s", (name, data) => expect(tensors[name].data).toEqual(data));

  test("f16 and bf16 are widened", () => {
    const half = [
      0,
      -0,
      1,
      -1.5,
      65504,
      2 ** -24,
      168 * 2 ** -24,
      3.30078125,
      infinity,
      -infinity,
      Number.NaN,
    ];
    expect(tensors.f16).toMatchObject({ dtype: "F16", data: new Float32Array(half) });
    expect(tensors.bf16.data).toBeInstanceOf(Float32Array);
    expect((tensors.bf16.data as Float32Array)[7]).toBe(3.296875);
    expect((tensors.bf16.data as Float32Array)[4]).toBe(65536);
  });

  test("comes out of the encoder again, byte for byte except for the widened ones", async () => {
    const again = decodeSafetensors(await encodeSafetensors(tensors, metadata));
    const { f16, bf16, ...others } = tensors;
    expect(again.metadata).toEqual(metadata);
    expect(again.tensors).toMatchObject(others);
    expect(again.tensors.f16).toMatchObject({ dtype: "F32", data: f16.data });
    expect(again.tensors.bf16).toMatchObject({ dtype: "F32", data: bf16.data });
  });
});

describe("encodeSafetensors", () => {
  test("writes tfjs tensors, the same bytes for the same values, and keeps none", () =>
    expectNoLeak(async () => {
      const tensors = {
        b: tf.tensor2d([1, 2, 3, 4], [2, 2]),
        a: tf.tensor1d([5, -6], "int32"),
        c: tf.tensor1d([true, false], "bool"),
      };
      const bytes = await encodeSafetensors(tensors, { note: "hello" });
      expect(
        await encodeSafetensors({ c: tensors.c, b: tensors.b, a: tensors.a }, { note: "hello" }),
      ).toEqual(bytes);
      expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
      const decoded = decodeSafetensors(bytes);
      expect(decoded.metadata).toEqual({ note: "hello" });
      expect(decoded.tensors).toEqual({
        a: { dtype: "I32", shape: [2], data: new Int32Array([5, -6]) },
        b: { dtype: "F32", shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
        c: { dtype: "BOOL", shape: [2], data: new Uint8Array([1, 0]) },
      });
      tf.dispose(tensors);
    }));

  test.each(["F16", "BF16"] as const)("rounds float32 to %s, and nothing else", async (dtype) => {
    const tensors = {
      x: { shape: [3], data: new Float32Array([1, 0.1, -2]) },
      n: { shape: [1], data: new Int32Array([3]) },
    };
    const decoded = decodeSafetensors(await encodeSafetensors(tensors, {}, { dtype })).tensors;
    expect(decoded.x.dtype).toBe(dtype);
    expect((decoded.x.data as Float32Array)[1]).toBeCloseTo(0.1, 3);
    expect(decoded.n.dtype).toBe("I32");
  });

  test("writes the values of the moment it was called", () =>
    expectNoLeak(async () => {
      const variable = tf.tidy(() => tf.variable(tf.scalar(1)));
      const bytes = encodeSafetensors({ variable });
      tf.tidy(() => variable.assign(tf.scalar(2)));
      expect(decodeSafetensors(await bytes).tensors.variable.data).toEqual(new Float32Array([1]));
      variable.dispose();
    }));

  test("reads at any place in memory", async () => {
    const bytes = await encodeSafetensors({ x: { shape: [2], data: new Float64Array([1, 2]) } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors.x.data).toEqual(new Float64Array([1, 2]));
  });

  test.each([
    [{ x: { shape: [2], data: new Float32Array(3) } }, 'the tensor "x": wanted 2 values for [2], got 3'],
    [{ __metadata__: { shape: [0], data: new Float32Array(0) } }, "this name is the format's own"],
    [{ x: { shape: [1], data: [1] as never } }, "wanted a typed array of numbers"],
  ])("bad input %#", (tensors, message) =>
    expect(encodeSafetensors(tensors as never)).rejects.toThrow(message),
  );

  test("metadata other than texts is refused", () =>
    expect(encodeSafetensors({}, { step: 3 as never })).rejects.toThrow('"step": wanted a text, got number'));
});

describe("a malformed file is refused:", () => {
  const entry = (begin: number, end: number, shape: unknown = [1], dtype: unknown = "F32") =>
    JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
  const file = (header: string | Uint8Array, dataLength = 4, length?: number) => {
    const json = typeof header === "string" ? new TextEncoder().encode(header) : header;
    const bytes = new Uint8Array(8 + json.length + dataLength);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(length ?? json.length), true);
    bytes.set(json, 8);
    return bytes;
  };

  test("the helper of these tests makes good files", () => {
    expect(decodeSafetensors(file(`{"x":${entry(0, 4)}}   `)).tensors.x.shape).toEqual([1]);
    expect(decodeSafetensors(file("{}", 0))).toEqual({ tensors: {}, metadata: {} });
  });

  test.each([
    ["empty", new Uint8Array(0), "wanted 8 bytes with the length of the header, got a file of 0 bytes"],
    ["cut in the length", new Uint8Array(7), "got a file of 7 bytes"],
    ["cut in the header", file(`{"x":${entry(0, 4)}}`).subarray(0, 20), "only 12 follow"],
    ["a header longer than the file", file("{}", 0, 3), "said to have 3 bytes, but only 2 follow"],
    ["an absurd header", file("{}", 0, 2 ** 60), "100000000 at most"],
    ["cut in the data", file(`{"x":${entry(0, 4)}}`, 3), "end at byte 4, but there are 3 bytes"],
    ["no JSON", file('{"x"', 0), "not JSON in UTF-8"],
    ["no UTF-8", file(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 0), "not JSON in UTF-8"],
    ["an array", file("[]", 0), "wanted a JSON object"],
    ["null", file("null", 0), "wanted a JSON object"],
    ["a key twice", file(`{"x":${entry(0, 4)},"x":${entry(0, 4)}}`), 'the key "x" twice'],
    ["a key twice, escaped", file(`{"x":${entry(0, 4)},"\\u0078" :${entry(0, 4)}}`), 'the key "x" twice'],
    [
      "a dtype twice",
      file('{"x":{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}}'),
      '"dtype" twice',
    ],
    ["no entry", file('{"x":3}', 0), 'the tensor "x": wanted an object'],
    ["an unknown dtype", file(`{"x":${entry(0, 4, [1], "F31")}}`), 'got "F31"'],
    ["no dtype", file('{"x":{"shape":[1],"data_offsets":[0,4]}}'), "wanted one of the dtypes"],
    ["a dtype of Object's", file(`{"x":${entry(0, 4, [1], "constructor")}}`), 'got "constructor"'],
    ["no shape", file('{"x":{"dtype":"F32","data_offsets":[0,4]}}'), "wanted a shape"],
    ["a negative size", file(`{"x":${entry(0, 4, [-1, -1])}}`), "wanted a shape of integers from 0 on"],
    ["a fractional size", file(`{"x":${entry(0, 4, [0.5, 2])}}`), "wanted a shape"],
    ["a wrong length for the shape", file(`{"x":${entry(0, 4, [2])}}`), "wanted 8 bytes for F32 [2], got 4"],
    ["a product beyond all bounds", file(`{"x":${entry(0, 4, [2 ** 52, 2 ** 52, 2 ** 52])}}`), "got 4"],
    ["offsets backwards", file(`{"x":${entry(4, 0)}}`), "begin <= end, got [4,0]"],
    ["negative offsets", file(`{"x":${entry(-4, 0)}}`), "got [-4,0]"],
    ["offsets out of range", file(`{"x":${entry(0, 8, [2])}}`), "end at byte 8, but there are 4"],
    ["offsets beyond 2^53", file(`{"x":${entry(0, 2 ** 60, [2 ** 58])}}`), "wanted"],
    ["overlapping offsets", file(`{"x":${entry(0, 4)},"y":${entry(0, 4)}}`), "overlap"],
    ["misaligned offsets", file(`{"a":${entry(0, 1, [1], "U8")},"x":${entry(1, 5)}}`, 5), "a multiple of 4"],
    ["a hole in front", file(`{"x":${entry(4, 8)}}`, 8), "bytes 0 to 4 of the data belong to no tensor"],
    ["a hole between", file(`{"x":${entry(0, 4)},"y":${entry(8, 12)}}`, 12), "bytes 4 to 8"],
    ["a hole behind", file(`{"x":${entry(0, 4)}}`, 9), "bytes 4 to 9"],
    ["metadata that is no text", file('{"__metadata__":{"a":1}}', 0), "texts only in __metadata__"],
  ])("%s", (_name, bytes, message) => {
    let error: unknown;
    try {
      decodeSafetensors(bytes);
    } catch (caught) {
      error = caught;
    }
    expect(isNuwaError(error) && error.code).toBe("FILE");
    expect((error as Error).message).toContain(message);
  });

  test("every cut of a good file, and never another kind of error for noise", () => {
    const good = readFileSync(new URL("../fixtures/dtypes.safetensors", import.meta.url));
    for (let length = 0; length < good.length; length += 13) {
      expect(() => decodeSafetensors(good.subarray(0, length))).toThrow(/safetensors:/);
    }
    for (let place = 0; place < 900; place++) {
      const bytes = Uint8Array.from(good);
      bytes[place] ^= 1 + (place % 255);
      try {
        decodeSafetensors(bytes);
      } catch (error) {
        expect(isNuwaError(error)).toBe(true);
      }
    }
  });
});
