import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fileError } from "./file-error.ts";
import { replaceFolder } from "./replace-folder.ts";
import { writeFileAtomic } from "./write-atomic.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["ENOSPC", "the disk is full", "Free some space"],
  ["EACCES", "permission denied", "Choose a folder"],
  ["EROFS", "the disk is read-only", "Choose a folder"],
])("%s is told in words", (code, reason, hint) => {
  const error = fileError("write", "/some/file", Object.assign(new Error("low"), { code }));
  expect(error.message).toBe(`Could not write: /some/file: ${reason}.`);
  expect(error.hint).toContain(hint);
});

describe("writeFileAtomic", () => {
  test("writes and replaces, and leaves nothing else", async () => {
    const path = join(folder, "new", "a.txt");
    await writeFileAtomic(path, "one");
    await writeFileAtomic(path, "two");
    expect(await readFile(path, "utf8")).toBe("two");
    expect(await readdir(join(folder, "new"))).toEqual(["a.txt"]);
  });

  test("a failure names the file and leaves nothing half-written", async () => {
    // A folder in its place makes the last step fail.
    const path = join(folder, "taken");
    await mkdir(join(path, "inside"), { recursive: true });
    await expect(writeFileAtomic(path, "text")).rejects.toMatchObject({
      code: "FILE",
      message: expect.stringContaining(path),
    });
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});

describe("replaceFolder", () => {
  const fill = (name: string, text: string) => (path: string) => writeFile(join(path, name), text);

  test("fills and replaces its own folders", async () => {
    const path = join(folder, "out");
    await replaceFolder(path, ["mark"], fill("mark", "1"));
    await replaceFolder(path, ["mark"], fill("mark", "2"));
    expect(await readFile(join(path, "mark"), "utf8")).toBe("2");
    expect(await readdir(folder)).toEqual(["out"]);
  });

  test("keeps the old folder when filling fails", async () => {
    const path = join(folder, "out");
    await replaceFolder(path, ["mark"], fill("mark", "1"));
    const failing = async (inner: string): Promise<void> => {
      await fill("mark", "2")(inner);
      throw Object.assign(new Error("no room"), { code: "ENOSPC" });
    };
    await expect(replaceFolder(path, ["mark"], failing)).rejects.toThrow("the disk is full");
    expect(await readFile(join(path, "mark"), "utf8")).toBe("1");
    expect(await readdir(folder)).toEqual(["out"]);
  });
});
