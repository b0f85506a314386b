import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import * as files from "node:fs/promises";
import path from "node:path";
import { fileError } from "./file-error.ts";

/** What of `node:fs/promises` is used, so that tests can break it. */
export type Files = Pick<typeof files, "mkdir" | "open" | "rename" | "rm">;

/** A text, bytes, or bytes in several pieces, which may be made while others are written. */
export type FileContent = string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;

/** A hidden name beside `target`, on the same disk, so that a rename replaces `target` in one step. */
export function temporaryName(target: string): string {
  return path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.tmp`);
}

/**
 * Writes a file under a temporary name beside it, waits until it is on the disk, and renames it. When that
 * fails, an older file stays as it was and no part of the new one is left. Folders that are missing are made.
 *
 * @throws NuwaError `FILE` that names the path
 */
export async function writeAtomically(
  target: string,
  content: FileContent,
  { mkdir, open, rename, rm }: Files = files,
): Promise<void> {
  const folder = path.dirname(target);
  const temporary = temporaryName(target);
  let handle: FileHandle | undefined;
  try {
    await mkdir(folder, { recursive: true });
    handle = await open(temporary, "wx");
    for await (const part of partsOf(content)) await writeAll(handle, part);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, target);
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError("write", target, cause);
  }
  await syncFolder(folder, open);
}

const partsOf = (content: FileContent): readonly Uint8Array[] | AsyncIterable<Uint8Array> =>
  typeof content === "string"
    ? [new TextEncoder().encode(content)]
    : content instanceof Uint8Array
      ? [content]
      : content;

async function writeAll(handle: FileHandle, part: Uint8Array): Promise<void> {
  for (let offset = 0; offset < part.length; ) {
    const { bytesWritten } = await handle.write(part, offset, Math.min(part.length - offset, 2 ** 28));
    offset += bytesWritten;
  }
}

/** Makes the rename itself last. Not every file system can do that. */
async function syncFolder(folder: string, open: Files["open"]): Promise<void> {
  try {
    const handle = await open(folder, "r");
    await handle.sync().finally(() => handle.close());
  } catch {
    // The file is complete either way.
  }
}
