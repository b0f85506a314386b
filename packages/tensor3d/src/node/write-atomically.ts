import { randomUUID } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import * as files from "node:fs/promises";
import path from "node:path";
import { NuwaError } from "../errors.ts";

/** What of `node:fs/promises` is used, so that tests can break it. */
export type Files = Pick<typeof files, "open" | "rename" | "rm">;

/**
 * Writes a file under a temporary name beside it, waits until it is on the disk, and renames it. When that
 * fails, an older file stays as it was and nothing else is left.
 *
 * @throws NuwaError `FILE` that names the path
 */
export async function writeAtomically(
  target: string,
  parts: readonly Uint8Array[],
  { open, rename, rm }: Files = files,
): Promise<void> {
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, "wx");
    for (const part of parts) await writeAll(handle, part);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, target);
  } catch (cause) {
    await handle?.close().catch(() => undefined);
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError("write", target, cause);
  }
  await syncFolder(path.dirname(target), open);
}

/** An error of the file system as a NuwaError that names the path and what to do. */
export function fileError(action: "read" | "write", target: string, cause: unknown): NuwaError {
  const code = (cause as NodeJS.ErrnoException)?.code ?? "";
  const hint = hints.get(code) ?? "Check the path and the disk.";
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new NuwaError("FILE", `Could not ${action} ${target}: ${reason}. ${hint}`, { hint, cause });
}

const hints = new Map([
  ["ENOENT", "Check the path; its folder must exist."],
  ["ENOSPC", "The disk is full: free some space."],
  ["EDQUOT", "The disk quota is used up: free some space."],
  ["EACCES", "Permission is missing: check the owner and mode of the file and its folder."],
  ["EPERM", "Permission is missing: check the owner and mode of the file and its folder."],
  ["EROFS", "The file system is read-only: choose another folder."],
  ["EISDIR", "This is a folder: name a file."],
]);

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
