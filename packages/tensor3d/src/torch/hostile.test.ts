import { describe, expect, test } from "vitest";
import { bytesOf, checkpoint, littleEndian, tensor, text, zip } from "../testing/torch-files.ts";
import { decodeTorchCheckpoint } from "./decode.ts";

const start = "\x80\x02";
const float = new Uint8Array(4);
const short = (value: string) => bytesOf("\x8c", littleEndian(value.length, 1), value);
const pickle = (...parts: (string | Uint8Array)[]) => checkpoint(bytesOf(start, ...parts, "."), [float]);
const named = (...parts: (string | Uint8Array)[]) => pickle("}", text("x"), ...parts, "s");

function refusal(bytes: Uint8Array, options = {}): string {
  try {
    decodeTorchCheckpoint(bytes, options);
  } catch (error) {
    expect(error).toMatchObject({ name: "NuwaError", code: "FILE" });
    return (error as Error).message;
  }
  throw new Error("was not refused");
}

test("the helpers of these tests make good files", () => {
  const { tensors } = decodeTorchCheckpoint(named(tensor()));
  expect(tensors).toEqual({ x: { dtype: "F32", shape: [1], data: new Float32Array(1) } });
});

test("a file need not say its byte order, as before PyTorch 2.0, nor name its folder archive", () => {
  const content = bytesOf(start, "}", text("x"), tensor(), "s.");
  const bytes = zip([
    ["model_1/data.pkl", content],
    ["model_1/data/0", float],
  ]);
  expect(decodeTorchCheckpoint(bytes).tensors.x.shape).toEqual([1]);
  const message = 'wanted one file "<folder>/data.pkl" in its zip archive, got';
  expect(refusal(zip([["data.pkl", content]]))).toContain(`${message} 0`);
  expect(refusal(zip(["a", "b"].map((folder) => [`${folder}/data.pkl`, content])))).toContain(`${message} 2`);
});

test("a name of JavaScript's objects is a name as any other", () => {
  const { tensors, values } = decodeTorchCheckpoint(
    pickle("}(", text("__proto__"), tensor(), text("constructor"), "Nu"),
  );
  expect(Object.keys(tensors)).toEqual(["__proto__"]);
  expect(Object.getPrototypeOf(tensors)).toBe(Object.prototype);
  expect(values).toEqual({ constructor: null });
});

describe("a call is refused by name, and nothing is run when it is left out:", () => {
  const command = text("true");
  test.each([
    ["REDUCE", bytesOf("cposix\nsystem\n", command, "\x85R"), "posix.system"],
    ["STACK_GLOBAL", bytesOf(short("builtins"), short("eval"), "\x93", command, "\x85R"), "builtins.eval"],
    ["NEWOBJ", bytesOf("csubprocess\nPopen\n", command, "\x85\x81"), "subprocess.Popen"],
    ["NEWOBJ_EX", bytesOf("csubprocess\nPopen\n", command, "\x85}\x92"), "subprocess.Popen"],
    [
      "BUILD",
      bytesOf("cargparse\nNamespace\n)\x81}", text("__setstate__"), "cos\nsystem\nsb"),
      "argparse.Namespace",
    ],
    [
      "a call of what a call gives",
      bytesOf("cbuiltins\ngetattr\n", command, "\x85R", command, "\x85R"),
      "builtins.getattr",
    ],
    ["a class in an argument", bytesOf("ctorch\nSize\ncos\nsystem\n\x85\x85"), "os.system"],
    ["in the hooks of a tensor", tensor({ rest: "0cos\nsystem\n" }), "os.system"],
    ["in the state of a dictionary", bytesOf("}}", text("__reduce__"), "cos\nsystem\nsb"), "os.system"],
    [
      "a dotted name",
      bytesOf(short("torch"), short("_utils._rebuild_tensor_v2"), "\x93"),
      "torch._utils._rebuild_tensor_v2",
    ],
    ["a name of JavaScript's objects", bytesOf("c__proto__\nconstructor\n)R"), "__proto__.constructor"],
    ["a very long name", bytesOf(`cos\n${"x".repeat(5000)}\n`), `os.${"x".repeat(197)}…`],
  ])("%s", (_name, part, name) => {
    const bytes = named(part);
    expect(refusal(bytes)).toContain(`it holds "${name}", which is not among the few classes`);
    if (!_name.startsWith("a class in") && !_name.startsWith("in the")) {
      expect(decodeTorchCheckpoint(bytes, { skipUnknown: true }).tensors).toEqual({});
    }
  });

  test("INST and a known class in an unknown way, in any case", () => {
    for (const skipUnknown of [false, true]) {
      const inst = named("(", text("true"), "ios\nsystem\n");
      expect(refusal(inst, { skipUnknown })).toContain('it holds "os.system"');
      const made = named("ccollections\nOrderedDict\n)\x81");
      expect(refusal(made, { skipUnknown })).toContain('"collections.OrderedDict by NEWOBJ"');
      const called = named("ctorch\nFloatStorage\n)R");
      expect(refusal(called, { skipUnknown })).toContain("torch.FloatStorage is called with 0 arguments ()");
    }
    expect(refusal(named("ctorch\nFloatStorage\n"))).toContain('"x" is torch.FloatStorage itself');
  });
});

describe("a pickle is refused:", () => {
  test.each([
    ["no protocol", checkpoint(bytesOf("}.")), "has no protocol"],
    ["a later protocol", checkpoint(bytesOf("\x80\x06}.")), "has the protocol 6, wanted 2 to 5"],
    ["empty", checkpoint(bytesOf("")), "its pickle was cut"],
    ["nothing made", pickle(""), "takes more than it has made"],
    ["a tuple without a mark", pickle("t"), "takes more than it has made"],
    ["a tuple of too little", pickle("K\x01\x86"), "takes more than it has made"],
    ["a call of a text", pickle(text("eval"), ")R"), "wants a class or function, got a text"],
    ["a call without arguments", pickle("ctorch\nSize\nNR"), "REDUCE in its pickle wants a tuple, got None"],
    ["a name that is no text", pickle("K\x01K\x02\x93"), "wants two texts, got a number and a number"],
    ["an unknown place in the memo", pickle("h\x05"), "refers to 5, which it has not made"],
    ["a text of a huge size", pickle("\x8d", littleEndian(2n ** 62n, 8)), "its pickle was cut"],
    ["bytes of a huge size", pickle("\x8e", littleEndian(2n ** 62n, 8)), "its pickle was cut"],
    ["a text that is no UTF-8", pickle("X\x01\x00\x00\x00\xff"), "a text that is not UTF-8"],
    ["a number of a huge size", pickle("\x8b\xff\xff\xff\x7f"), "a number of 2147483647 bytes"],
    ["an extension", pickle("\x82\x01"), "the opcode 0x82, which is not read here"],
    ["an item of a tuple", pickle(")Na"), "APPEND in its pickle changes a tuple"],
    ["a key in a list", pickle("]NNs"), "SETITEM in its pickle changes a list"],
    ["a key without a value", pickle("}(Nu"), "a key without a value"],
    ["a state of a list", pickle("]}b"), "BUILD in its pickle changes a list"],
    ["a state that is no dictionary", pickle("}Nb"), "BUILD in its pickle changes a dictionary"],
    ["a key that is no name", pickle("})Ns"), "a dictionary has a tuple as a key"],
    ["a very long name", pickle("}", text("x".repeat(2 ** 20 + 1)), "Ns"), "too long a name"],
    ["too many arguments", pickle("ctorch\nSize\n(", "N".repeat(9999), "tR"), "called with 9999 arguments"],
    ["a name twice", pickle("}", text("1"), "NsK\x01Ns"), 'two of its parts have the name "1"'],
  ])("%s", (_name, bytes, message) => expect(refusal(bytes)).toContain(message));

  test("at every cut, and never with another kind of error", () => {
    const whole = bytesOf(start, "}", text("x"), tensor(), "s.");
    for (let length = 0; length < whole.length; length++)
      refusal(checkpoint(whole.subarray(0, length), [float]));
  });
});

describe("a file that would grow without end is refused:", () => {
  const wide = "far more memory than its";
  const doubling = bytesOf("]q\x00", ...Array.from({ length: 90 }, () => "0](h\x00h\x00eq\x00"));
  test.each([
    ["a list in itself", pickle("]q\x00h\x00a"), "or holds itself"],
    ["a dictionary in itself", pickle("}q\x00", text("x"), "h\x00s"), "or holds itself"],
    ["lists in lists", pickle("]".repeat(200_000), "a".repeat(199_999)), "or holds itself"],
    ["tuples in tuples", pickle(")", "\x85".repeat(200_000)), "or holds itself"],
    ["lists that double", pickle(doubling), wide],
    ["dictionaries without end", pickle("}".repeat(2 ** 20)), wide],
    ["a memo without end", pickle("N", "\x94".repeat(2 ** 22)), wide],
    ["marks without end", pickle("(".repeat(2 ** 22), "N"), wide],
    [
      "one element expanded",
      named(tensor({ shape: bytesOf("J", littleEndian(2 ** 31 - 1, 4), "\x85"), strides: "K\x00\x85" })),
      wide,
    ],
    [
      "beyond all bounds",
      named(
        tensor({
          shape: bytesOf("(", "J\xff\xff\xff\x7f".repeat(60), "t"),
          strides: bytesOf("(", "K\x00".repeat(60), "t"),
        }),
      ),
      wide,
    ],
  ])("%s", (_name, bytes, message) => expect(refusal(bytes)).toContain(message));
});

describe("a tensor is refused:", () => {
  const large = bytesOf("\x8a\x08", littleEndian(2n ** 62n, 8));
  test.each([
    ["a storage that is not there", { key: "1" }, 'the storage "1" is not in the file'],
    [
      "a path as the key of a storage",
      { key: "../data.pkl" },
      'the storage "../data.pkl" is not in the file',
    ],
    ["a longer storage", { count: "K\x02" }, "said to have 2 elements of F32, but has 1"],
    ["a shorter storage", { count: "K\x00" }, "said to have 0 elements of F32, but has 1"],
    ["a huge storage", { count: large }, "said to have 4611686018427387904 elements"],
    ["a storage of another type", { type: "DoubleStorage" }, "said to have 1 elements of F64, but has 0"],
    ["a storage of another class", { type: "Size" }, "wanted a class of storages, got torch.Size"],
    ["an offset past the end", { offset: "K\x01" }, "needs the element 1 of a storage of 1"],
    ["a negative offset", { offset: "J\xff\xff\xff\xff" }, "begins at the element -1"],
    ["a fractional offset", { offset: "G?\xe0\x00\x00\x00\x00\x00\x00" }, "begins at the element 0.5"],
    [
      "a shape past the end",
      { shape: "K\x02\x85" },
      "of the shape [2] needs the element 1 of a storage of 1",
    ],
    ["a huge shape", { shape: bytesOf(large, "\x85") }, "wanted the shape of a tensor as"],
    ["a negative shape", { shape: "J\xff\xff\xff\xff\x85" }, "integers from 0 on, got (-1)"],
    ["a shape that is a list", { shape: "]K\x01a" }, "got a list"],
    ["huge strides", { strides: bytesOf(large, "\x85") }, "wanted the strides of a tensor as"],
    ["negative strides", { shape: "K\x02\x85", strides: "J\xff\xff\xff\xff\x85" }, "got (-1)"],
    ["more strides than sizes", { strides: "K\x01K\x01\x86" }, "has the shape [1], but the strides [1, 1]"],
    ["a shape of tuples in tuples", { shape: `)${"\x85".repeat(50_000)}` }, "got (a tuple)"],
    ["too many axes", { shape: bytesOf("(", "K\x01".repeat(65), "t") }, "at most 64 integers"],
    ["a negated view", { rest: bytesOf("}", text("neg"), "\x88s") }, "marked as negated"],
  ])("%s", (_name, options, message) => expect(refusal(named(tensor(options)))).toContain(message));

  test("of numbers with the highest byte first", () => {
    const bytes = checkpoint(bytesOf(start, "}."), [], "big");
    expect(refusal(bytes)).toContain('have the byte order "big", wanted "little"');
  });

  test("what is empty needs no place in its storage", () => {
    const bytes = named(
      tensor({ shape: "K\x00J\xff\xff\xff\x7f\x86", strides: "K\x01K\x01\x86", offset: "K\x09" }),
    );
    expect(decodeTorchCheckpoint(bytes).tensors.x).toMatchObject({ shape: [0, 2 ** 31 - 1] });
  });
});
