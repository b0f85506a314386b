import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { libraryFiles } from "./functions.ts";
import { releaseFor, TENSORFLOW_VERSION } from "./release.ts";
import { runCommand } from "./run-command.ts";

/** A folder with libtensorflow's two shared objects. */
export interface FoundLibrary {
  readonly folder: string;
  /** How it was found. */
  readonly source: "NUWA_LIBTENSORFLOW" | "python" | "cache";
}

export interface FindOptions {
  /** Default: the process's environment. */
  readonly env?: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
}

/**
 * Where Nuwa keeps what it fetched: `NUWA_CACHE`, else the user's cache folder for `nuwa`
 * (`XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches`, `%LOCALAPPDATA%`).
 */
export function cacheFolder({ env = process.env, platform = process.platform }: FindOptions = {}): string {
  if (env.NUWA_CACHE) return resolve(env.NUWA_CACHE);
  const home = env.HOME || homedir();
  if (platform === "darwin") return join(home, "Library", "Caches", "nuwa");
  if (platform === "win32") return join(env.LOCALAPPDATA || join(home, "AppData", "Local"), "nuwa");
  return join(env.XDG_CACHE_HOME || join(home, ".cache"), "nuwa");
}

/** The folder of the cache that holds this system's library, whether it is there yet or not. */
export function cachedLibraryFolder(options: FindOptions = {}): string {
  const { platform = process.platform } = options;
  return join(cacheFolder(options), "libtensorflow", `${TENSORFLOW_VERSION}-${platform}-${process.arch}`);
}

/**
 * Looks for libtensorflow without fetching it: the folder `NUWA_LIBTENSORFLOW`, an installed Python
 * package `tensorflow` of the right version (a CUDA build gives the GPU), Nuwa's cache.
 *
 * @throws NuwaError `BACKEND` when `NUWA_LIBTENSORFLOW` is set to a folder without the library
 */
export async function findLibrary(options: FindOptions = {}): Promise<FoundLibrary | undefined> {
  const { env = process.env, platform = process.platform } = options;
  const given = env.NUWA_LIBTENSORFLOW;
  if (given) {
    if (await holdsLibrary(given, platform)) return { folder: resolve(given), source: "NUWA_LIBTENSORFLOW" };
    throw new NuwaError(
      "BACKEND",
      `NUWA_LIBTENSORFLOW: wanted a folder with ${libraryFiles(platform).join(" and ")}, got ${given}.`,
      { hint: "Point it at such a folder, or unset it to have the library found or fetched." },
    );
  }
  const python = await pythonPackage(env);
  if (python && (await holdsLibrary(python, platform))) return { folder: python, source: "python" };
  const cached = cachedLibraryFolder(options);
  return (await holdsLibrary(cached, platform, true)) ? { folder: cached, source: "cache" } : undefined;
}

/** Whether both shared objects lie there; in the cache also with the right sizes. */
async function holdsLibrary(folder: string, platform: NodeJS.Platform, pinned = false): Promise<boolean> {
  const release = pinned ? releaseFor(platform) : undefined;
  const allowed = [release?.files, release?.jar?.files].filter((files) => files !== undefined);
  const sizes = await Promise.all(
    libraryFiles(platform).map((name) =>
      stat(join(folder, name)).then(
        (entry) => (entry.isFile() ? entry.size : -1),
        () => -1,
      ),
    ),
  );
  if (sizes.includes(-1)) return false;
  return (
    allowed.length === 0 || allowed.some((files) => files.every(({ bytes }, index) => bytes === sizes[index]))
  );
}

// Finds the package without importing it, which would take seconds.
const pythonProgram = `
import importlib.util, os, sys
spec = importlib.util.find_spec("tensorflow")
if spec and spec.origin:
    folder = os.path.dirname(spec.origin)
    site = os.path.dirname(folder)
    if any(name.startswith("tensorflow") and name.endswith("-${TENSORFLOW_VERSION}.dist-info") for name in os.listdir(site)):
        sys.stdout.write(folder)
`;

async function pythonPackage(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const command of ["python3", "python"]) {
    const result = await runCommand(command, ["-c", pythonProgram], { env, timeoutMs: 10_000 });
    if (result) return result.code === 0 && result.stdout !== "" ? result.stdout : undefined;
  }
  return undefined;
}
