import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contents, createFakeMachine, type FakeMachine, release } from "../testing/fake-machine.ts";
import { fetchLibrary } from "./fetch-library.ts";
import { cachedLibraryFolder, findLibrary } from "./find-library.ts";
import { libraryFiles } from "./functions.ts";
import type { FetchProgress } from "./options.ts";

const [framework, library] = libraryFiles();
let machine: FakeMachine;
let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  machine = await createFakeMachine();
  ({ folder, env } = machine);
});
afterEach(() => machine.remove());

const fetch = (more: Parameters<typeof fetchLibrary>[0] = {}) => fetchLibrary({ env, release, ...more });

test("pip fetches the pinned wheel, and the two objects are kept", async () => {
  await machine.pip(`echo noise; echo noise >&2; /bin/cp ${folder}/archive "$dest/tensorflow.whl"`);
  const progress: FetchProgress[] = [];
  const found = await fetch({ onProgress: (step) => progress.push(step) });
  expect(found).toEqual({ folder: cachedLibraryFolder({ env }), source: "cache" });
  expect((await readdir(found.folder)).sort()).toEqual([framework, library].sort());
  for (const name of [framework, library])
    expect(await readFile(join(found.folder, name))).toEqual(contents[name]);
  expect(await readFile(join(folder, "requirements"), "utf8")).toBe(
    `tensorflow-cpu==2.21.0 --hash=sha256:${"0".repeat(64)}\n`,
  );
  const given = await readFile(join(folder, "arguments"), "utf8");
  for (const option of [
    "--require-hashes",
    "--no-deps",
    "--only-binary=:all:",
    "--platform manylinux_2_27_x86_64",
  ]) {
    expect(given).toContain(option);
  }
  expect(progress[0]).toMatchObject({ phase: "download", bytes: 0 });
  expect(progress.at(-1)).toMatchObject({ phase: "unpack", bytes: 400_000, total: 400_000 });
  expect(await machine.left()).toHaveLength(1);
});

test("fetches at the same time give one library", async () => {
  await machine.pip(`/bin/cp ${folder}/archive "$dest/tensorflow.whl"`);
  const [first, second] = await Promise.all([fetch(), fetch()]);
  expect(first).toBe(second);
  // Another process was faster:
  expect(await fetch()).toEqual(first);
  expect(await machine.left()).toHaveLength(1);
});

test("a damaged library makes way", async () => {
  await machine.pip(`/bin/cp ${folder}/archive "$dest/tensorflow.whl"`);
  const place = cachedLibraryFolder({ env });
  await mkdir(place, { recursive: true });
  await writeFile(join(place, library), "half of it");
  const found = await fetch();
  expect(await readFile(join(found.folder, library))).toEqual(contents[library]);
});

test.each([
  [
    "another object than the pinned one",
    "files",
    /libtensorflow_\w+\..* should have the sha256 \w+, got \w+/,
  ],
  ["a wheel that is cut off", "cut", /cut off or holds no/],
])("%s is refused, and nothing stays", async (_, what, message) => {
  await machine.pip(
    what === "cut"
      ? `/usr/bin/head -c 2000 ${folder}/archive > "$dest/tensorflow.whl"`
      : `/bin/cp ${folder}/archive "$dest/tensorflow.whl"`,
  );
  const other = { ...release.files[1], sha256: "f".repeat(64) };
  const wanted = what === "cut" ? release : { ...release, files: [release.files[0], other] as const };
  await expect(fetch({ release: wanted })).rejects.toThrow(message);
  expect(await machine.left()).toEqual([]);
});

test("pip's own error is passed on", async () => {
  await machine.pip("echo 'ERROR: No matching distribution found for tensorflow-cpu' >&2; exit 1");
  await expect(fetch()).rejects.toMatchObject({
    code: "BACKEND",
    message: expect.stringContaining("No matching distribution found"),
    hint: expect.stringContaining("NUWA_LIBTENSORFLOW"),
  });
  expect(await machine.left()).toEqual([]);
});

test("a full disk is called that", async () => {
  await machine.pip("echo 'ERROR: Could not install: [Errno 28] No space left on device' >&2; exit 1");
  await expect(fetch()).rejects.toMatchObject({ hint: expect.stringContaining("NUWA_CACHE") });
  const huge = { ...release, wheelBytes: 1e18 };
  await expect(fetch({ release: huge })).rejects.toThrow(/needs 2000000000\.0 GB in .*, [\d.]+ GB are free/);
  expect(await machine.left()).toEqual([]);
});

test("an interrupted fetch ends pip and leaves nothing", async () => {
  await machine.pip("exec /bin/sleep 60");
  const stop = new AbortController();
  const fetching = fetch({ signal: stop.signal });
  setTimeout(() => stop.abort(), 300);
  await expect(fetching).rejects.toMatchObject({ name: "AbortError" });
  expect(await machine.left()).toEqual([]);
});

test("what a killed process left is removed", async () => {
  await machine.pip(`/bin/cp ${folder}/archive "$dest/tensorflow.whl"`);
  const host = hostname().replace(/[^a-zA-Z0-9]/g, "_");
  const cache = join(folder, "cache", "libtensorflow");
  await mkdir(join(cache, `.fetch-${host}-999999999-x`), { recursive: true });
  await mkdir(join(cache, `.fetch-${host}-${process.pid}-y`), { recursive: true }); // at work
  await fetch();
  expect((await machine.left()).filter((name) => name.startsWith("."))).toEqual([
    `.fetch-${host}-${process.pid}-y`,
  ]);
});

test("Maven is the second way, and its jar must be the pinned one", async () => {
  await machine.program(
    "mvn",
    `case "$1" in --version) exit 0;; esac
    for argument in "$@"; do case "$argument" in -DoutputDirectory=*) dest="\${argument#*=}";; esac; done
    /bin/mkdir -p "$dest"; /bin/cp ${folder}/archive "$dest/tensorflow.jar"`,
  );
  await expect(fetch()).rejects.toThrow("Maven's jar should have the sha256 1111");
  const sha256 = createHash("sha256")
    .update(await readFile(join(folder, "archive")))
    .digest("hex");
  await fetch({ release: { ...release, jar: { ...release.jar!, sha256 } } });
  expect(await machine.left()).toHaveLength(1);
});

test("neither pip nor Maven", async () => {
  await expect(fetch()).rejects.toMatchObject({
    code: "BACKEND",
    message: "libtensorflow: fetching it needs pip or Maven, and neither is installed.",
    hint: expect.stringMatching(/Install Python 3 with pip.*NUWA_LIBTENSORFLOW.*wasm/s),
  });
});

test("a cache that cannot be written", async () => {
  await writeFile(join(folder, "cache"), "a file");
  await expect(fetch()).rejects.toThrow(/cannot keep it in .*cache: /);
});

test("NUWA_LIBTENSORFLOW comes first and must hold the library", async () => {
  const given = { env: { ...env, NUWA_LIBTENSORFLOW: join(folder, "mine") } };
  await expect(findLibrary(given)).rejects.toThrow(
    /^NUWA_LIBTENSORFLOW: wanted a folder with .* and .*, got .*mine\.$/,
  );
  await mkdir(join(folder, "mine"));
  for (const name of [framework, library]) await writeFile(join(folder, "mine", name), "");
  expect(await findLibrary(given)).toEqual({ folder: join(folder, "mine"), source: "NUWA_LIBTENSORFLOW" });
});

test("a Python package comes before the cache; a cached library of the wrong size does not count", async () => {
  const place = cachedLibraryFolder({ env });
  await mkdir(place, { recursive: true });
  for (const name of [framework, library]) await writeFile(join(place, name), "short");
  expect(await findLibrary({ env })).toBeUndefined();
  await machine.program("python3", `printf %s ${place}`);
  expect(await findLibrary({ env })).toEqual({ folder: place, source: "python" });
});
