import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isNuwaError, NuwaError } from "@nuwa/tensor3d";
import { fileError, temporaryName } from "@nuwa/tensor3d/node";

/**
 * Fills a folder whole or not at all: `fill` writes into a temporary folder beside it, which is synced and
 * then renamed over the old one. When `fill` fails, the old folder stays as it was.
 *
 * @param owned names one of which marks an existing folder as ours; others are not replaced
 * @throws NuwaError `FILE` naming the folder
 */
export async function replaceFolder(
  path: string,
  owned: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  const temporary = temporaryName(path);
  const old = temporaryName(path);
  try {
    const before = await contents(path);
    if (before && before.length > 0 && !owned.some((name) => before.includes(name))) {
      throw new NuwaError("FILE", `${path} holds other files, so it is not replaced.`, {
        hint: "Choose a new folder, or empty this one.",
      });
    }
    await mkdir(dirname(path), { recursive: true });
    await mkdir(temporary);
    await fill(temporary);
    await syncFiles(temporary);
    if (before) await rename(path, old);
    await rename(temporary, path).catch(async (error) => {
      if (before) await rename(old, path);
      throw error;
    });
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw isNuwaError(error) ? error : fileError("write the folder", path, error);
  }
  await rm(old, { recursive: true, force: true }).catch(() => {});
}

async function contents(path: string): Promise<string[] | undefined> {
  const found = await stat(path).catch((error) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  return found && (await readdir(path));
}

async function syncFiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name), "r");
    await file.sync().finally(() => file.close());
  }
}
