/** Bytes of a text whose characters are bytes, `"\x80\x02}."`, and of the parts in between. */
export function bytesOf(...parts: (string | Uint8Array)[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    if (typeof part !== "string") bytes.set(part, offset);
    else for (let index = 0; index < part.length; index++) bytes[offset + index] = part.charCodeAt(index);
    offset += part.length;
  }
  return bytes;
}

/** A little-endian number. */
export function littleEndian(value: number | bigint, size: 1 | 2 | 4 | 8): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true);
  return bytes.subarray(0, size);
}

/** The opcode for a text of ASCII characters. */
export function text(value: string): Uint8Array {
  return bytesOf("X", littleEndian(value.length, 4), value);
}

export interface ZipOptions {
  readonly flags?: number;
  readonly method?: number;
  /** Added to the size that the directory gives for the content as stored. */
  readonly packedExtra?: number;
  /** Added to both sizes that the directory gives for the first file. */
  readonly sizeExtra?: number;
  readonly localName?: string;
  readonly wide?: boolean;
  readonly comment?: string;
  readonly count?: number;
}

/** A zip archive of stored files, right unless options make it wrong. */
export function zip(
  files: readonly (readonly [name: string, Uint8Array])[],
  options: ZipOptions = {},
): Uint8Array {
  const { flags = 0, method = 0, packedExtra = 0, sizeExtra = 0, wide = false, comment = "" } = options;
  const ones = littleEndian(0xffffffff, 4);
  let head = bytesOf();
  let directory = bytesOf();
  for (const [name, content] of files) {
    const localName = options.localName ?? name;
    const start = head.length;
    const shared = bytesOf(littleEndian(flags, 2), littleEndian(method, 2), new Uint8Array(8));
    const size = content.length + (start === 0 ? sizeExtra : 0);
    const packed = size + packedExtra;
    const sizes = wide ? [ones, ones] : [littleEndian(packed, 4), littleEndian(size, 4)];
    const field = wide
      ? bytesOf("\x01\x00\x18\x00", ...[size, packed, start].map((value) => littleEndian(value, 8)))
      : bytesOf();
    head = bytesOf(
      ...[head, "PK\x03\x04\x14\x00", shared, ...sizes, littleEndian(localName.length, 2), "\x00\x00"],
      ...[localName, content],
    );
    directory = bytesOf(
      ...[directory, "PK\x01\x02\x14\x00\x14\x00", shared, ...sizes, littleEndian(name.length, 2)],
      ...[
        littleEndian(field.length, 2),
        new Uint8Array(10),
        wide ? ones : littleEndian(start, 4),
        name,
        field,
      ],
    );
  }
  const count = options.count ?? files.length;
  const place = [count, directory.length, head.length];
  const wideEnd = bytesOf(
    ...["PK\x06\x06", new Uint8Array(20), littleEndian(count, 8)],
    ...place.map((value) => littleEndian(value, 8)),
    ...["PK\x06\x07", new Uint8Array(4), littleEndian(head.length + directory.length, 8), new Uint8Array(4)],
  );
  const counts = wide
    ? ["\xff\xff\xff\xff", ones, ones]
    : [littleEndian(count, 2), littleEndian(count, 2), littleEndian(place[1], 4), littleEndian(place[2], 4)];
  const end = ["PK\x05\x06", new Uint8Array(4), ...counts, littleEndian(comment.length, 2), comment];
  return bytesOf(head, directory, wide ? wideEnd : "", ...end);
}

/** A checkpoint with this pickle, whose storages lie under "0", "1", ... */
export function checkpoint(
  pickle: Uint8Array,
  storages: readonly Uint8Array[] = [],
  byteOrder = "little",
): Uint8Array {
  return zip([
    ["archive/data.pkl", pickle],
    ["archive/byteorder", bytesOf(byteOrder)],
    ...storages.map((storage, key) => [`archive/data/${key}`, storage] as const),
  ]);
}

export interface TensorOptions {
  readonly type?: string;
  readonly key?: string;
  readonly count?: string | Uint8Array;
  readonly offset?: string | Uint8Array;
  readonly shape?: string | Uint8Array;
  readonly strides?: string | Uint8Array;
  readonly rest?: string | Uint8Array;
}

/** The opcodes for a tensor; by default of one float32, the whole storage "0". */
export function tensor(options: TensorOptions = {}): Uint8Array {
  const { type = "FloatStorage", key = "0", count = "K\x01", offset = "K\x00" } = options;
  const { shape = "K\x01\x85", strides = "K\x01\x85", rest = "" } = options;
  return bytesOf(
    ...[
      "ctorch._utils\n_rebuild_tensor_v2\n((",
      text("storage"),
      `ctorch\n${type}\n`,
      text(key),
      text("cpu"),
    ],
    ...[count, "tQ", offset, shape, strides, "\x89ccollections\nOrderedDict\n)R", rest, "tR"],
  );
}
