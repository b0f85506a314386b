import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import { writeAtomically } from "@nuwa/tensor3d/node";

/** What a cached file depends on; any JSON. */
export type CacheKey = Readonly<Record<string, unknown>>;

/** A read: the bytes, or why there are none (`problem` is absent where there simply is no file). */
export type CacheRead =
  | { readonly bytes: Uint8Array }
  | { readonly bytes?: undefined; readonly problem?: string };

const magic = "nuwa-sprites-2\n";
const hashLength = 32;

/** `<folder>/sprites-<first 16 hex digits of the key's SHA-256>.bin` */
export function cacheFile(folder: string, key: CacheKey): string {
  return join(folder, `sprites-${sha256(JSON.stringify(key)).toString("hex").slice(0, 16)}.bin`);
}

/** Reads `magic, SHA-256 of the rest, deflated bytes`. Never throws: a broken file is a problem in words. */
export async function readCache(file: string, length: number): Promise<CacheRead> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    return { problem: `cannot read ${file}: ${(error as Error).message}` };
  }
  const packed = content.subarray(magic.length + hashLength);
  const isWhole =
    content.subarray(0, magic.length).toString("latin1") === magic &&
    sha256(packed).equals(content.subarray(magic.length, magic.length + hashLength));
  if (!isWhole) return { problem: `${file} was broken and has been rendered again` };
  const bytes = await promisify(inflateRaw)(packed);
  if (bytes.length !== length) return { problem: `${file} has a wrong length and has been rendered again` };
  return { bytes };
}

/**
 * Writes the file whole or not at all.
 *
 * @returns the problem in words where it cannot be written
 */
export async function writeCache(file: string, bytes: Uint8Array): Promise<string | undefined> {
  const packed = await promisify(deflateRaw)(bytes, { level: 3 });
  try {
    await writeAtomically(file, [Buffer.from(magic, "latin1"), sha256(packed), packed]);
    return undefined;
  } catch (error) {
    return `${(error as Error).message} The sprites stay in memory; choose a writable cacheDir to keep them`;
  }
}

function sha256(data: string | Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}
