import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { closedFolder } from "@nuwa/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FileContent, type Files, writeAtomically } from "./write-atomically.ts";

let folder: string;
let target: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nuwa-"));
  target = path.join(folder, "file");
});
afterEach(() => rm(folder, { recursive: true }));

test.each<[string, FileContent]>([
  ["a text", "é1"],
  ["bytes", new Uint8Array([0xc3, 0xa9, 0x31])],
  ["pieces", [new Uint8Array([0xc3]), new Uint8Array([0xa9, 0x31])]],
  ["pieces that come one by one", oneByOne([0xc3], [0xa9, 0x31])],
])("%s in folders that it makes, over an older file", async (_, content) => {
  const deep = path.join(folder, "a", "b", "file");
  await writeAtomically(deep, "an older file");
  await writeAtomically(deep, content);
  expect(await readFile(deep, "utf8")).toBe("é1");
  expect(await readdir(path.dirname(deep))).toEqual(["file"]);
});

describe("when writing fails, the old file stays and no other is left:", () => {
  const failure = (code: string) => Object.assign(new Error(`${code}: no luck`), { code });
  const real: Files = { mkdir, open, rename, rm };

  /** The real file system, whose files fail in one method. */
  const failing = (method: "write" | "sync", code: string): Files => ({
    ...real,
    open: async (...inputs) => {
      const handle = await open(...inputs);
      const write = handle.write.bind(handle) as (
        bytes: Uint8Array,
        offset: number,
        length: number,
      ) => Promise<unknown>;
      handle[method] = async (...given: unknown[]) => {
        if (method === "write") await write(given[0] as Uint8Array, 0, 1);
        throw failure(code);
      };
      return handle;
    },
  });

  test.each<[string, Files, string]>([
    ["a full disk", failing("write", "ENOSPC"), "the disk is full"],
    ["a disk that is full at the sync", failing("sync", "ENOSPC"), "the disk is full"],
    [
      "no permission to rename",
      { ...real, rename: () => Promise.reject(failure("EPERM")) },
      "permission denied",
    ],
    [
      "no permission to create",
      { ...real, open: () => Promise.reject(failure("EACCES")) },
      "permission denied",
    ],
  ])("%s", async (_name, files, reason) => {
    await writeFile(target, "old");
    const written = writeAtomically(target, "new", files);
    await expect(written).rejects.toMatchObject({ name: "NuwaError", code: "FILE" });
    await expect(written).rejects.toThrow(`Could not write ${target}: ${reason}`);
    expect(await readFile(target, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test("a folder in the place of the file", async () => {
    await mkdir(path.join(target, "inside"), { recursive: true });
    await expect(writeAtomically(target, "text")).rejects.toThrow(
      `Could not write ${target}: it is a folder`,
    );
    expect(await readdir(folder)).toEqual(["file"]);
  });

  test.each(["x", "no/x"])("a file in the place of a folder, for %s in it", async (inside) => {
    await writeFile(target, "old");
    await expect(writeAtomically(path.join(target, inside), "text")).rejects.toThrow(
      "a part of the path is a file",
    );
    expect(await readFile(target, "utf8")).toBe("old");
  });

  test("a folder without permission", async () => {
    const closed = await closedFolder(folder);
    await expect(writeAtomically(path.join(closed, "x"), "text")).rejects.toThrow("permission denied");
  });
});

async function* oneByOne(...pieces: number[][]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield Uint8Array.from(piece);
}
