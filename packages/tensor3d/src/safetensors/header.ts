import { NuwaError } from "../errors.ts";
import { dtypes } from "./dtype.ts";
import { repeatedKey } from "./repeated-key.ts";

export interface Entry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Bytes from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: readonly Entry[];
  readonly metadata: Record<string, string>;
  /** Where the data starts in the file, in bytes. */
  readonly dataStart: number;
}

const largestHeader = 100_000_000;

/** Reads and checks the header of a file, so that every entry lies inside it. Throws NuwaError `FILE`. */
export function parseHeader(bytes: Uint8Array): Header {
  if (bytes.length < 8)
    refuse(`wanted 8 bytes with the length of the header, got a file of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > largestHeader)
    refuse(`the header is said to have ${length} bytes, ${largestHeader} at most are allowed`);
  if (length > bytes.length - 8) {
    refuse(
      `the header is said to have ${length} bytes, but only ${bytes.length - 8} follow: the file was cut`,
    );
  }
  const json = parseJson(bytes.subarray(8, 8 + length));
  const { __metadata__: metadata, ...tensors } = json;
  const dataStart = 8 + length;
  const entries = Object.entries(tensors).map(([name, entry]) => checkedEntry(name, entry));
  checkCoverage(entries, bytes.length - dataStart);
  return { entries, metadata: checkedMetadata(metadata), dataStart };
}

export function refuse(problem: string, cause?: unknown): never {
  throw new NuwaError("FILE", `safetensors: ${problem}. The file is damaged or not in this format.`, {
    cause,
  });
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let json: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (cause) {
    refuse("the header is not JSON in UTF-8", cause);
  }
  if (!isRecord(json)) refuse("wanted a JSON object as the header");
  const repeated = repeatedKey(text);
  if (repeated !== undefined) refuse(`the header has the key ${JSON.stringify(repeated)} twice`);
  return json;
}

function checkedMetadata(metadata: unknown): Record<string, string> {
  if (metadata === undefined || metadata === null) return {};
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === "string")) {
    refuse("wanted texts only in __metadata__");
  }
  return metadata as Record<string, string>;
}

function checkedEntry(name: string, entry: unknown): Entry {
  const where = `the tensor ${JSON.stringify(name)}`;
  if (!isRecord(entry)) refuse(`${where}: wanted an object with dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const known = typeof dtype === "string" ? dtypes.get(dtype) : undefined;
  if (typeof dtype !== "string" || known === undefined) {
    refuse(
      `${where}: wanted one of the dtypes ${[...dtypes.keys()].join(", ")}, got ${JSON.stringify(dtype)}`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    refuse(`${where}: wanted a shape of integers from 0 on, got ${JSON.stringify(shape)}`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount) || offsets[0] > offsets[1]) {
    refuse(`${where}: wanted data_offsets [begin, end] with begin <= end, got ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const wanted = shape.reduce((product: number, size: number) => product * size, known.size);
  if (wanted !== end - begin) {
    refuse(`${where}: wanted ${wanted} bytes for ${dtype} [${shape.join(", ")}], got ${end - begin}`);
  }
  if (begin % known.size !== 0) {
    refuse(
      `${where}: its data_offsets begin at ${begin}, not at a multiple of ${known.size} as ${dtype} needs`,
    );
  }
  return { name, dtype, shape: shape as number[], begin, end };
}

/** Every byte of the data belongs to exactly one tensor. */
function checkCoverage(entries: readonly Entry[], dataLength: number): void {
  let end = 0;
  for (const entry of entries.toSorted((one, other) => one.begin - other.begin || one.end - other.end)) {
    const where = `the tensor ${JSON.stringify(entry.name)}`;
    if (entry.end > dataLength) {
      refuse(
        `${where}: its data end at byte ${entry.end}, but there are ${dataLength} bytes: the file was cut`,
      );
    }
    if (entry.begin < end) refuse(`${where}: its data overlap those of another tensor`);
    if (entry.begin > end) refuse(`the bytes ${end} to ${entry.begin} of the data belong to no tensor`);
    end = entry.end;
  }
  if (end !== dataLength) refuse(`the bytes ${end} to ${dataLength} of the data belong to no tensor`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
