import { createReadStream } from "node:fs";
import { NuwaError } from "@nuwa/tensor3d";
import { Unzip, type UnzipDecoder } from "fflate";
import { InflatingWriter } from "./inflating-writer.ts";
import type { PinnedFile } from "./release.ts";

const DEFLATE = 8;

/** Hands compressed data on as it is: zlib inflates it several times faster than JavaScript. */
class AsItIs implements UnzipDecoder {
  static readonly compression = DEFLATE;
  ondata: UnzipDecoder["ondata"] = () => {};
  push(chunk: Uint8Array, final: boolean): void {
    this.ondata(null, chunk as Uint8Array<ArrayBuffer>, final);
  }
}

export interface UnpackOptions {
  /** Told the bytes written so far. */
  readonly onBytes?: (written: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes some files of a wheel or jar into a folder, reading the archive once as a stream. When it
 * returns they are on the disk and are the pinned ones.
 *
 * @throws NuwaError `BACKEND` when the archive is damaged, or a file is missing or not the pinned one
 */
export async function unpackFiles(
  archive: string,
  files: readonly PinnedFile[],
  folder: string,
  { onBytes, signal }: UnpackOptions = {},
): Promise<void> {
  const wanted = new Map(files.map((file) => [file.name, file]));
  const done = new Set<InflatingWriter>();
  let parts: { writer: InflatingWriter; chunk: Uint8Array; final: boolean }[] = [];
  let current: InflatingWriter | undefined;
  let written = 0;

  const unzip = new Unzip((entry) => {
    if (entry.compression !== DEFLATE) return;
    const file = wanted.get(entry.name.slice(entry.name.lastIndexOf("/") + 1));
    wanted.delete(file?.name ?? "");
    const writer = file && new InflatingWriter(folder, file, (bytes) => onBytes?.((written += bytes)));
    entry.ondata = (_, chunk, final) => {
      if (writer) parts.push({ writer, chunk, final });
    };
    entry.start();
  });
  unzip.register(AsItIs);

  try {
    for await (const bytes of createReadStream(archive, { highWaterMark: 1 << 20, signal })) {
      unzip.push(bytes as Uint8Array);
      for (const { writer, chunk, final } of parts.splice(0)) {
        current = writer;
        await writer.write(chunk);
        if (final) {
          await writer.end();
          done.add(writer);
        }
      }
      if (done.size === files.length) return;
    }
  } finally {
    parts = [];
    await current?.close();
  }
  throw new NuwaError(
    "BACKEND",
    `libtensorflow: the archive is cut off or holds no ${files.map(({ name }) => name).join(" and ")}.`,
  );
}
