import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createFakeMachine, type FakeMachine, release } from "../testing/fake-machine.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let program: string;
let machine: FakeMachine;

// A program that fetches, as one file that plain Node runs, inside the package so that it finds its dependencies.
beforeAll(async () => {
  folder = await mkdtemp(join(root, "node_modules", ".signal-test-"));
  program = join(folder, "program.mjs");
  await build({
    stdin: {
      contents: `
        import { fetchLibrary } from "./src/node/fetch-library.ts";
        const [release, own, during] = process.argv.slice(2);
        const stop = new AbortController();
        if (own) process.once(own, () => stop.abort());
        const onProgress = ({ phase }) => {
          if (phase === "unpack" && during) process.kill(process.pid, during);
        };
        const options = { env: process.env, release: JSON.parse(release), signal: stop.signal, onProgress };
        await fetchLibrary(options).catch((error) => console.log(error.name));
      `,
      resolveDir: root,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@nuwa/source"],
    external: ["@tensorflow/*", "koffi", "fflate"],
    outfile: program,
  });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

beforeEach(async () => {
  machine = await createFakeMachine();
});
afterEach(() => machine.remove());

/** Starts the program; `own` is a signal that it handles itself, `during` one that it gets while unpacking. */
function start({ own = "", during = "" }: { own?: string; during?: string }): ChildProcess {
  const values = [program, JSON.stringify(release), own, during];
  return spawn(process.execPath, values, { env: machine.env, stdio: ["ignore", "pipe", "inherit"] });
}

/** Installs a pip that goes on writing until it is killed; what comes back waits until it has begun. */
async function endlessPip(): Promise<() => Promise<void>> {
  const begun = join(machine.folder, "begun");
  await machine.pip(
    `for turn in $(/usr/bin/seq 400); do /bin/mkdir -p "$dest"; echo half >> "$dest/tensorflow.whl"; echo > ${begun}; /bin/sleep 0.05; done`,
  );
  return async () => {
    while ((await readFile(begun).catch(() => undefined)) === undefined) await sleep(20);
  };
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s while pip downloads ends pip and leaves nothing",
  async (signal) => {
    const downloading = await endlessPip();
    const child = start({});
    await downloading();
    child.kill(signal);
    expect(await once(child, "close")).toEqual([null, signal]);
    await sleep(300); // a pip that lived on would write again
    expect(await machine.left()).toEqual([]);
  },
);

test.each(["SIGTERM", "SIGINT"] as const)("%s while unpacking leaves nothing", async (signal) => {
  await machine.pip(`/bin/cp ${machine.folder}/archive "$dest/tensorflow.whl"`);
  const child = start({ during: signal });
  expect(await once(child, "close")).toEqual([null, signal]);
  expect(await machine.left()).toEqual([]);
});

test("a program that handles the signal itself stops the fetch in its own way", async () => {
  const downloading = await endlessPip();
  const child = start({ own: "SIGTERM" });
  let output = "";
  child.stdout!.on("data", (text) => (output += text));
  await downloading();
  child.kill("SIGTERM");
  expect(await once(child, "close")).toEqual([0, null]);
  expect(output).toBe("AbortError\n");
  await sleep(300);
  expect(await machine.left()).toEqual([]);
});
