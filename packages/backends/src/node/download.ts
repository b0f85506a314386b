import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { NuwaError } from "@nuwa/tensor3d";
import { type Release, TENSORFLOW_VERSION } from "./release.ts";
import { type CommandResult, runCommand } from "./run-command.ts";

export interface DownloadContext {
  /** An empty folder for everything that is downloaded. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onBytes?: (received: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Downloads the wheel with pip, for this system whatever Python runs pip, from wherever the user's pip
 * is set to. Undefined where there is no pip.
 *
 * @throws NuwaError `BACKEND` with pip's last lines when it fails
 */
export async function downloadWithPip(
  release: Release,
  context: DownloadContext,
): Promise<string | undefined> {
  const pip = await findPip(context);
  if (!pip) return undefined;
  const requirements = join(context.folder, "requirements.txt");
  await writeFile(
    requirements,
    `${release.wheel}==${TENSORFLOW_VERSION} --hash=sha256:${release.wheelSha256}\n`,
  );
  const target = join(context.folder, "wheel");
  const temp = join(context.folder, "pip");
  await mkdir(temp);
  const args = [
    ...[
      "download",
      "--quiet",
      "--no-input",
      "--no-cache-dir",
      "--disable-pip-version-check",
      "--progress-bar",
      "off",
    ],
    ...[
      "--no-deps",
      "--only-binary=:all:",
      "--require-hashes",
      "--requirement",
      requirements,
      "--dest",
      target,
    ],
    ...[
      "--implementation",
      "cp",
      "--python-version",
      "3.11",
      "--abi",
      "cp311",
      "--platform",
      release.pipPlatform,
    ],
  ];
  const env = { ...context.env, TMPDIR: temp, TEMP: temp, TMP: temp, PIP_REQUIRE_VIRTUALENV: "0" };
  const result = await watched(context, release.wheelBytes, () =>
    runCommand(pip[0], [...pip.slice(1), ...args], { env, signal: context.signal }),
  );
  const wheel = result?.code === 0 ? await findFile(target, ".whl") : undefined;
  if (!wheel) throw failure("pip", result, release);
  return wheel;
}

/**
 * The same from the jar of TensorFlow's Java binding with Maven, by its default repositories or the
 * user's mirrors. Undefined where there is no Maven or no jar for this system.
 */
export async function downloadWithMaven(
  release: Release,
  context: DownloadContext,
): Promise<string | undefined> {
  const { jar } = release;
  if (!jar || !(await runCommand("mvn", ["--version"], { env: context.env, signal: context.signal })))
    return undefined;
  const target = join(context.folder, "jar");
  const args = [
    ...["--quiet", "--batch-mode", `-Dmaven.repo.local=${join(context.folder, "maven")}`, "dependency:copy"],
    `-Dartifact=org.tensorflow:tensorflow-core-native:${jar.version}:jar:${jar.classifier}`,
    `-DoutputDirectory=${target}`,
  ];
  const result = await watched(context, jar.bytes, () =>
    runCommand("mvn", args, { env: context.env, signal: context.signal }),
  );
  const file = result?.code === 0 ? await findFile(target, ".jar") : undefined;
  if (!file) throw failure("Maven", result, release);
  const sha256 = await hashOf(file);
  if (sha256 !== jar.sha256) {
    throw new NuwaError(
      "BACKEND",
      `libtensorflow: Maven's jar should have the sha256 ${jar.sha256}, got ${sha256}.`,
    );
  }
  return file;
}

async function findPip({ env, signal }: DownloadContext): Promise<string[] | undefined> {
  const candidates = [["python3", "-m", "pip"], ["pip3"], ["pip"], ["python", "-m", "pip"]];
  for (const [command, ...args] of candidates) {
    const result = await runCommand(command, [...args, "--version"], { env, signal });
    if (result?.code === 0) return [command, ...args];
  }
  return undefined;
}

/** Reports how much the folder grows while `run` downloads into it. */
async function watched<Result>(
  { folder, onBytes }: DownloadContext,
  total: number,
  run: () => Promise<Result>,
): Promise<Result> {
  if (!onBytes) return run();
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    const size = await sizeOfLargest(folder).catch(() => 0);
    if (size > 1e6) onBytes(Math.min(size, total), total);
    busy = false;
  }, 250);
  try {
    return await run();
  } finally {
    clearInterval(timer);
  }
}

/** Bytes of the archive that is growing in the folder, under whatever name. */
async function sizeOfLargest(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true });
  const files = await Promise.all(names.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return Math.max(0, ...files.map((file) => (file?.isFile() ? file.size : 0)));
}

async function findFile(folder: string, extension: string): Promise<string | undefined> {
  const names = await readdir(folder).catch(() => []);
  const name = names.find((entry) => entry.endsWith(extension));
  return name && join(folder, name);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest("hex");
}

function failure(tool: string, result: CommandResult | undefined, release: Release): NuwaError {
  const lines = `${result?.stderr ?? ""}\n${result?.stdout ?? ""}`
    .split("\n")
    .filter((line) => line.trim() !== "");
  const output = lines.slice(-6).join("\n");
  const full = /No space left on device|ENOSPC/.test(output);
  return new NuwaError(
    "BACKEND",
    `libtensorflow: ${tool} could not download it:\n${output || "(no output)"}`,
    {
      hint: full
        ? "The disk is full. Free 2 GB, or set NUWA_CACHE to a folder with room."
        : `Check that ${tool} reaches its package index; the download is needed once. ${otherWays(release)}`,
    },
  );
}

/** The other ways to go on, on a system with this release or with none. */
export function otherWays(release: Release | undefined): string {
  const install = release
    ? `Else install it (pip install ${release.wheel}==${TENSORFLOW_VERSION}), set`
    : "Set";
  return (
    `${install} NUWA_LIBTENSORFLOW to a folder with its two shared objects, ` +
    "or use another backend: wasm needs nothing."
  );
}
