import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNuwaError } from "@nuwa/tensor3d";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChild } from "./child.ts";

let folder: string;
let script: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-child-"));
  script = join(folder, "child.mjs");
  await writeFile(
    script,
    `console.log("got", process.argv.slice(2).join(" "));
     if (process.argv[2] === "fail") { console.error("Error: no luck"); process.exitCode = 1; }
     if (process.argv[2] === "wait") setInterval(() => {}, 1000);`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(args: readonly string[], signal = new AbortController().signal) {
  const log = join(folder, `${args[0]}.log`);
  return { log, done: runChild({ script, args, log, signal }) };
}

test("its output goes to a file", async () => {
  const { log, done } = start(["a", "b"]);
  await done;
  expect(await readFile(log, "utf8")).toBe("got a b\n");
});

test("what it said when it failed is told, with the file", async () => {
  const { log, done } = start(["fail"]);
  const error = await done.catch((reason: unknown) => reason);
  if (!isNuwaError(error)) throw error;
  expect(error.message).toBe("A run failed (1): no luck");
  expect(error.hint).toContain(log);
});

test("the signal ends it", async () => {
  const stop = new AbortController();
  const { done } = start(["wait"], stop.signal);
  setTimeout(() => stop.abort(new Error("enough")), 200);
  await expect(done).rejects.toThrow("enough");
});
