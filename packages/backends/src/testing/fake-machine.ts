import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import { libraryFiles } from "../node/functions.ts";
import type { Release } from "../node/release.ts";

const [framework, library] = libraryFiles();

/** What the two shared objects hold in tests. */
export const contents: Readonly<Record<string, Buffer>> = {
  [framework]: Buffer.alloc(100_000, "framework"),
  [library]: Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * index) % 251)),
};

const pin = (name: string) => ({
  name,
  bytes: contents[name].length,
  sha256: createHash("sha256").update(contents[name]).digest("hex"),
});

/** A release of a few hundred kilobytes. */
export const release: Release = {
  wheel: "tensorflow-cpu",
  pipPlatform: "manylinux_2_27_x86_64",
  wheelSha256: "0".repeat(64),
  wheelBytes: 1000,
  jar: { version: "1.2.0", classifier: "linux-x86_64", sha256: "1".repeat(64), bytes: 1000 },
  files: [pin(framework), pin(library)],
};

/** A folder that stands for a machine without network: programs in `bin`, a cache, an archive to "download". */
export interface FakeMachine {
  readonly folder: string;
  /** The environment in which only this machine's programs are found. */
  readonly env: NodeJS.ProcessEnv;
  /** Installs a program of the machine, a shell script. */
  program(name: string, script: string): Promise<void>;
  /** Installs a pip that answers `--version`, and for a download runs `script` with the folder in `$dest`. */
  pip(script: string): Promise<void>;
  /** What stands in the cache, temporary folders included. */
  left(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function createFakeMachine(): Promise<FakeMachine> {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-fetch-"));
  await mkdir(join(folder, "bin"));
  const others = Array.from({ length: 50 }, (_, index) => [
    `tensorflow/other-${index}.py`,
    Buffer.alloc(5000),
  ]);
  const objects = Object.entries(contents).map(([name, bytes]) => [`tensorflow/${name}`, bytes]);
  await writeFile(join(folder, "archive"), zipSync(Object.fromEntries([...others, ...objects])));

  const program = async (name: string, script: string) => {
    await writeFile(join(folder, "bin", name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, "bin", name), 0o755);
  };
  return {
    folder,
    env: { PATH: join(folder, "bin"), NUWA_CACHE: join(folder, "cache") },
    program,
    pip: (script) =>
      program(
        "pip3",
        `case "$1" in --version) exit 0;; esac
        echo "$@" > ${folder}/arguments
        while [ $# -gt 0 ]; do [ "$1" = --dest ] && dest="$2"; [ "$1" = --requirement ] && requirements="$2"; shift; done
        /bin/cat "$requirements" > ${folder}/requirements
        /bin/mkdir -p "$dest"
        ${script}`,
      ),
    left: () => readdir(join(folder, "cache", "libtensorflow")).catch(() => []),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
