import { createHash } from "node:crypto";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createInflateRaw, type InflateRaw } from "node:zlib";
import { NuwaError } from "@nuwa/tensor3d";
import type { PinnedFile } from "./release.ts";

/** Inflates raw deflate data into a file and checks that it is the pinned one. */
export class InflatingWriter {
  private readonly inflate: InflateRaw = createInflateRaw({ chunkSize: 1 << 20 });
  private readonly finished: Promise<void>;

  constructor(folder: string, file: PinnedFile, onBytes: (bytes: number) => void) {
    this.finished = pipeline(this.inflate, (source) =>
      writeChecked(source, join(folder, file.name), file, onBytes),
    );
    this.finished.catch(() => {}); // reported by write and end
  }

  /** Resolves when more may be written. */
  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0 || this.inflate.write(chunk)) return;
    await Promise.race([once(this.inflate, "drain"), this.finished]);
  }

  /** @throws NuwaError `BACKEND` when the file is not the pinned one */
  async end(): Promise<void> {
    this.inflate.end();
    await this.finished;
  }

  /** Stops, whether ended or not. */
  async close(): Promise<void> {
    this.inflate.destroy();
    await this.finished.catch(() => {});
  }
}

async function writeChecked(
  source: AsyncIterable<Buffer>,
  path: string,
  file: PinnedFile,
  onBytes: (bytes: number) => void,
): Promise<void> {
  const hash = createHash("sha256");
  const handle = await open(path, "wx", 0o644);
  try {
    for await (const chunk of source) {
      hash.update(chunk);
      await handle.writeFile(chunk);
      onBytes(chunk.length);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  const sha256 = hash.digest("hex");
  if (sha256 !== file.sha256) {
    throw new NuwaError(
      "BACKEND",
      `libtensorflow: ${file.name} should have the sha256 ${file.sha256}, got ${sha256}.`,
      {
        hint: "The download was damaged or replaced. Try again, or look at the package index that pip is set to.",
      },
    );
  }
}
