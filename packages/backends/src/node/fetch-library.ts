import { mkdir, open, rename, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isNuwaError, NuwaError } from "@nuwa/tensor3d";
import { type DownloadContext, downloadWithMaven, downloadWithPip, otherWays } from "./download.ts";
import { cachedLibraryFolder, cacheFolder, type FindOptions, type FoundLibrary } from "./find-library.ts";
import type { FetchProgress } from "./options.ts";
import { type PinnedFile, type Release, releaseFor } from "./release.ts";
import { withTempFolder } from "./temp-folder.ts";
import { unpackFiles } from "./unpack.ts";

export interface FetchOptions extends FindOptions {
  readonly onProgress?: (progress: FetchProgress) => void;
  readonly signal?: AbortSignal;
  /** What to fetch. Default: the release for this system. */
  readonly release?: Release;
}

const running = new Map<string, Promise<FoundLibrary>>();

/**
 * Fetches libtensorflow into Nuwa's cache, with pip or else Maven, and keeps its two shared objects.
 * It appears there whole or not at all: it is unpacked beside its place, checked, written through and
 * renamed. Concurrent fetches are safe; within a process they are one.
 *
 * @throws NuwaError `BACKEND` when there is neither pip nor Maven, no release for this system, no
 * room, or the download fails or is not the pinned one
 */
export function fetchLibrary(options: FetchOptions = {}): Promise<FoundLibrary> {
  const folder = cachedLibraryFolder(options);
  const known = running.get(folder);
  if (known) return known;
  const fetching = fetchInto(folder, options).finally(() => running.delete(folder));
  running.set(folder, fetching);
  return fetching;
}

async function fetchInto(folder: string, options: FetchOptions): Promise<FoundLibrary> {
  const release = options.release ?? releaseFor(options.platform);
  if (!release) {
    throw new NuwaError(
      "BACKEND",
      `libtensorflow: nothing is published for ${options.platform ?? process.platform} on ${process.arch}.`,
      { hint: otherWays(undefined) },
    );
  }
  try {
    await withTempFolder(dirname(folder), async (temp) => {
      await assertRoom(temp, release);
      const { archive, files } = await download(release, temp, options);
      const ready = join(temp, "ready");
      await mkdir(ready);
      const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
      await unpackFiles(archive, files, ready, {
        signal: options.signal,
        onBytes: (bytes) => report(options, "unpack", bytes, total, "Unpacking libtensorflow"),
      });
      await syncFolder(ready);
      await moveInto(ready, folder, temp, files);
      await syncFolder(dirname(folder));
    });
  } catch (cause) {
    throw options.signal?.aborted || isNuwaError(cause) ? cause : storageError(cause, options);
  }
  return { folder, source: "cache" };
}

async function download(release: Release, temp: string, options: FetchOptions) {
  const context = (message: string): DownloadContext => ({
    folder: temp,
    env: options.env ?? process.env,
    signal: options.signal,
    onBytes: options.onProgress && ((bytes, total) => report(options, "download", bytes, total, message)),
  });
  const message = "Downloading libtensorflow (once)";
  report(options, "download", 0, release.wheelBytes, message);
  const wheel = await downloadWithPip(release, context(message));
  if (wheel) return { archive: wheel, files: release.files };
  const jar = await downloadWithMaven(release, context(message));
  if (jar) return { archive: jar, files: release.jar?.files ?? release.files };
  throw new NuwaError("BACKEND", "libtensorflow: fetching it needs pip or Maven, and neither is installed.", {
    hint: `Install Python 3 with pip and try again. ${otherWays(release)}`,
  });
}

function report(
  { onProgress }: FetchOptions,
  phase: FetchProgress["phase"],
  bytes: number,
  total: number,
  message: string,
): void {
  onProgress?.({ phase, bytes, total, message });
}

/** pip keeps the wheel twice for a moment, beside the unpacked objects. */
async function assertRoom(folder: string, release: Release): Promise<void> {
  const needed = 2 * release.wheelBytes + release.files.reduce((sum, { bytes }) => sum + bytes, 0);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= needed) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new NuwaError(
    "BACKEND",
    `libtensorflow: fetching it needs ${gigabytes(needed)} in ${dirname(folder)}, ${gigabytes(free)} are free.`,
    { hint: "Free some room, or set NUWA_CACHE to a folder with more." },
  );
}

/** Renames the finished folder to its place. Another process may have been faster; what is damaged makes way. */
async function moveInto(
  ready: string,
  folder: string,
  temp: string,
  files: readonly PinnedFile[],
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(ready, folder);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (attempt === 3 || !["ENOTEMPTY", "EEXIST", "EPERM", "ENOTDIR"].includes(code ?? "")) throw error;
      if (await isComplete(folder, files)) return;
      await rename(folder, join(temp, `damaged-${attempt}`)).catch(() => {});
    }
  }
}

async function isComplete(folder: string, files: readonly PinnedFile[]): Promise<boolean> {
  const sizes = await Promise.all(
    files.map(({ name }) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => -1,
      ),
    ),
  );
  return files.every(({ bytes }, index) => bytes === sizes[index]);
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

function storageError(cause: unknown, options: FetchOptions): NuwaError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const hint =
    code === "ENOSPC"
      ? "The disk is full. Free 2 GB, or set NUWA_CACHE to a folder with room."
      : "Set NUWA_CACHE to a folder that can be written, or see to this one.";
  return new NuwaError("BACKEND", `libtensorflow: cannot keep it in ${cacheFolder(options)}: ${message}`, {
    hint,
    cause,
  });
}
