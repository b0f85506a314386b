import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { replaceFolder } from "./replace-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-files-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

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
