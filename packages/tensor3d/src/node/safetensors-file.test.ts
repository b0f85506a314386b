import { mkdtemp, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { closedFolder } from "@nuwa/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "./safetensors-file.ts";
import { type Files, writeAtomically } from "./write-atomically.ts";

let folder: string;
let target: string;
const tensors = { x: { shape: [3], data: new Float32Array([1, 2, 3]) } };
const part = new Uint8Array([1, 2, 3]);

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nuwa-"));
  target = path.join(folder, "model.safetensors");
});
afterEach(() => rm(folder, { recursive: true }));

test("what was written is read, and only the file is there", async () => {
  await writeSafetensors(target, tensors, { step: "1" });
  await writeSafetensors(target, tensors, { step: "2" }, { dtype: "F16" });
  const { tensors: read, metadata } = await readSafetensors(target);
  expect(metadata).toEqual({ step: "2" });
  expect(read.x).toEqual({ dtype: "F16", shape: [3], data: new Float32Array([1, 2, 3]) });
  expect(await readdir(folder)).toEqual(["model.safetensors"]);
});

test("a damaged or missing file is named", async () => {
  await expect(readSafetensors(target)).rejects.toThrow(`Could not read ${target}: ENOENT`);
  await writeFile(target, "no");
  await expect(readSafetensors(target)).rejects.toMatchObject({ name: "NuwaError", code: "FILE" });
  await expect(readSafetensors(target)).rejects.toThrow(`${target}: safetensors: wanted 8 bytes`);
  await expect(readSafetensors(folder)).rejects.toThrow(`Could not read ${folder}: EISDIR`);
});

describe("when writing fails, the old file stays and no other is left:", () => {
  const failure = (code: string) => Object.assign(new Error(`${code}: no luck`), { code });

  /** The real file system, whose files fail in one method. */
  const failing = (method: "write" | "sync", code: string): Files => ({
    rm,
    rename,
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

  test.each([
    ["a full disk", failing("write", "ENOSPC"), "free some space"],
    ["a disk that is full at the sync", failing("sync", "ENOSPC"), "free some space"],
    [
      "no permission to rename",
      { open, rm, rename: () => Promise.reject(failure("EPERM")) },
      "Permission is missing",
    ],
    [
      "no permission to create",
      { open: () => Promise.reject(failure("EACCES")), rm, rename },
      "Permission is missing",
    ],
  ] as [string, Files, string][])("%s", async (_name, files, hint) => {
    await writeFile(target, "old");
    const written = writeAtomically(target, [part], files);
    await expect(written).rejects.toMatchObject({ name: "NuwaError", code: "FILE" });
    await expect(written).rejects.toThrow(`Could not write ${target}`);
    await expect(written).rejects.toThrow(hint);
    expect(await readFile(target, "utf8")).toBe("old");
    expect(await readdir(folder)).toEqual(["model.safetensors"]);
  });

  test("a folder in the place of the file", async () => {
    await expect(writeSafetensors(folder, tensors)).rejects.toThrow(`Could not write ${folder}`);
    expect(await readdir(folder)).toEqual([]);
  });

  test("a folder that does not exist", () =>
    expect(writeSafetensors(path.join(folder, "no", "x"), tensors)).rejects.toThrow("its folder must exist"));

  test("a folder without permission", async () => {
    const closed = await closedFolder(folder);
    await expect(writeSafetensors(path.join(closed, "x"), tensors)).rejects.toThrow("Permission is missing");
  });
});
