import { constants } from "node:buffer";
import { open } from "node:fs/promises";
import { isNuwaError, NuwaError } from "../errors.ts";
import { fileError } from "./file-error.ts";

/** What `decode` makes of a file's bytes. Throws errors that name the path. */
export async function decodeFile<T>(path: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  try {
    return decode(await readBytes(path));
  } catch (cause) {
    if (!isNuwaError(cause)) throw fileError("read", path, cause);
    throw new NuwaError(cause.code, `${path}: ${cause.message}`, { hint: cause.hint, cause });
  }
}

/** Unlike `readFile`, not limited to 2 GiB. */
async function readBytes(path: string): Promise<Uint8Array> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    if (size > constants.MAX_LENGTH) {
      const most = `this version of Node.js can hold ${constants.MAX_LENGTH} at once`;
      throw new NuwaError("FILE", `the file has ${size} bytes, ${most}. Use a newer one, or split the file.`);
    }
    const bytes = new Uint8Array(size);
    let offset = 0;
    while (offset < size) {
      const { bytesRead } = await handle.read(bytes, offset, Math.min(size - offset, 2 ** 28), offset);
      if (bytesRead === 0) break;
      offset += bytesRead;
    }
    return bytes.subarray(0, offset);
  } finally {
    await handle.close();
  }
}
