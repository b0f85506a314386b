import { convertHint, quoted, refuse } from "./error.ts";

const localSignature = 0x04034b50;
const entrySignature = 0x02014b50;
const endSignature = 0x06054b50;
const wideEndSignature = 0x06064b50;
const wideLocatorSignature = 0x07064b50;

interface Directory {
  readonly count: number;
  readonly begin: number;
  readonly end: number;
}

/** What the directory says of a file. */
interface Listed {
  readonly name: Uint8Array;
  readonly size: number;
  readonly header: number;
  /** Where the directory goes on. */
  readonly next: number;
}

/**
 * The files in a zip archive whose files are stored as they are, as views of `bytes`. Also reads zip64, the form
 * of archives above 4 GB. The checksums are not looked at.
 *
 * @throws NuwaError `FILE` when the archive is cut or damaged, compressed or encrypted
 */
export function zipEntries(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const directory = findDirectory(view);
  const entries = new Map<string, Uint8Array>();
  const spans: [begin: number, end: number, name: string][] = [];
  let place = directory.begin;
  for (let index = 0; index < directory.count; index++) {
    const listed = readListed(view, place, directory.end);
    const name = new TextDecoder().decode(listed.name);
    if (entries.has(name)) refuse(`its zip archive has the file ${quoted(name)} twice`);
    const begin = dataStart(view, listed, name, directory.begin);
    entries.set(name, bytes.subarray(begin, begin + listed.size));
    spans.push([listed.header, begin + listed.size, name]);
    place = listed.next;
  }
  spans.sort((one, other) => one[0] - other[0]);
  for (let index = 1; index < spans.length; index++) {
    if (spans[index][0] < spans[index - 1][1])
      refuse(`in its zip archive ${quoted(spans[index - 1][2])} overlaps ${quoted(spans[index][2])}`);
  }
  return entries;
}

function findDirectory(view: DataView): Directory {
  const end = findEnd(view);
  let count = view.getUint16(end + 10, true);
  let size = view.getUint32(end + 12, true);
  let begin = view.getUint32(end + 16, true);
  if (count === 0xffff || size === 0xffffffff || begin === 0xffffffff) {
    const locator = end - 20;
    if (locator < 0 || view.getUint32(locator, true) !== wideLocatorSignature)
      refuse("its zip64 archive has no locator of its directory");
    const wideEnd = Number(view.getBigUint64(locator + 8, true));
    if (wideEnd + 56 > locator || view.getUint32(wideEnd, true) !== wideEndSignature)
      refuse("its zip64 archive has no end of its directory where it should be");
    count = Number(view.getBigUint64(wideEnd + 32, true));
    size = Number(view.getBigUint64(wideEnd + 40, true));
    begin = Number(view.getBigUint64(wideEnd + 48, true));
  }
  if (begin + size > end)
    refuse("the directory of its zip archive is not where it should be: a part is missing");
  if (count * 46 > size) refuse(`the directory of its zip archive is too short for ${count} files`);
  return { count, begin, end: begin + size };
}

/** The end record is the last thing in the file, but for a comment. */
function findEnd(view: DataView): number {
  const last = view.byteLength - 22;
  for (let place = last; place >= Math.max(0, last - 0xffff); place--) {
    const isEnd =
      view.getUint32(place, true) === endSignature && view.getUint16(place + 20, true) === last - place;
    if (isEnd) return place;
  }
  if (view.byteLength >= 4 && view.getUint32(0, true) === localSignature)
    refuse("its zip archive has no end: the file was cut");
  return refuse(
    "wanted a zip archive, as torch.save writes since PyTorch 1.6",
    "Copy or download it again if it was cut. If it is in another format, load it in Python and write it with torch.save.",
  );
}

function readListed(view: DataView, place: number, end: number): Listed {
  if (place + 46 > end || view.getUint32(place, true) !== entrySignature)
    refuse("the directory of its zip archive is damaged");
  const nameEnd = place + 46 + view.getUint16(place + 28, true);
  const extraEnd = nameEnd + view.getUint16(place + 30, true);
  const next = extraEnd + view.getUint16(place + 32, true);
  if (next > end) refuse("the directory of its zip archive is damaged");
  const name = new Uint8Array(view.buffer, view.byteOffset + place + 46, nameEnd - place - 46);
  const wanted = [24, 20, 42].map((field) => view.getUint32(place + field, true));
  const [size, packedSize, header] = widened(view, wanted, nameEnd, extraEnd);
  const where = `the file ${quoted(new TextDecoder().decode(name))} in its zip archive`;
  if (view.getUint16(place + 8, true) & 0x2041) refuse(`${where} is encrypted`, convertHint);
  const method = view.getUint16(place + 10, true);
  if (method !== 0) {
    refuse(
      `${where} is compressed (method ${method}), which torch.save never does`,
      "If it is a TorchScript model (torch.jit.save), write torch.jit.load(path).state_dict() with torch.save in " +
        "Python. Otherwise unpack the archive and pack it again without compression (zip -0 -r).",
    );
  }
  if (size !== packedSize) refuse(`${where} is stored, but has the sizes ${packedSize} and ${size}`);
  return { name, size, header, next };
}

/** Replaces numbers of 32 ones by those of the zip64 field, which has them in this order. */
function widened(view: DataView, numbers: readonly number[], begin: number, end: number): number[] {
  if (!numbers.includes(0xffffffff)) return [...numbers];
  for (let place = begin; place + 4 <= end; place += 4 + view.getUint16(place + 2, true)) {
    if (view.getUint16(place, true) !== 1) continue;
    let field = place + 4;
    const fieldsEnd = field + view.getUint16(place + 2, true);
    return numbers.map((number) => {
      if (number !== 0xffffffff) return number;
      if (field + 8 > Math.min(end, fieldsEnd)) refuse("a zip64 field of its archive is cut");
      field += 8;
      return Number(view.getBigUint64(field - 8, true));
    });
  }
  return refuse("a zip64 field of its archive is missing");
}

/** Where the content begins: after a header of its own, which repeats the name. */
function dataStart(view: DataView, { name, size, header }: Listed, shown: string, end: number): number {
  const where = `the file ${quoted(shown)} in its zip archive`;
  if (header + 30 > end || view.getUint32(header, true) !== localSignature)
    refuse(`${where} is not where the directory says`);
  const nameLength = view.getUint16(header + 26, true);
  const begin = header + 30 + nameLength + view.getUint16(header + 28, true);
  if (begin + size > end) refuse(`${where} is said to have ${size} bytes, more than there are`);
  const sameName =
    nameLength === name.length && name.every((byte, index) => byte === view.getUint8(header + 30 + index));
  if (!sameName) refuse(`${where} has another name in front of its content`);
  return begin;
}
