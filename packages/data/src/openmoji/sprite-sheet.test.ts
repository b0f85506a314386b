import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { MovingOpenMoji } from "./dataset.ts";

const config = { emoji: ["fox", "apple"], spriteSize: 16, heldOut: 0 };
const sample = { emoji: "fox", background: "red", position: { row: 0, column: 0 } } as const;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-data-"));
});
afterEach(() => rm(folder, { recursive: true }));

const open = async (cacheDir: string) => {
  const messages: string[] = [];
  const dataset = await MovingOpenMoji.open(config, {
    cacheDir,
    onProgress: ({ message }) => messages.push(message),
  });
  return { dataset, messages, pixels: dataset.drawImage(sample).pixels };
};

test("renders once, then reads one file", async () => {
  const cacheDir = join(folder, "a", "b");
  const first = await open(cacheDir);
  expect(first.messages).toContain("rendering emoji");
  expect(await readdir(cacheDir)).toHaveLength(1);
  const second = await open(cacheDir);
  expect(second.messages).toEqual([]);
  expect(second.pixels).toEqual(first.pixels);
});

test("another sprite size is another file", async () => {
  await open(folder);
  await MovingOpenMoji.open({ ...config, spriteSize: 24 }, { cacheDir: folder });
  expect(await readdir(folder)).toHaveLength(2);
});

test.each([
  ["a flipped byte", (bytes: Buffer) => bytes.fill(bytes[100] ^ 255, 100, 101)],
  ["a cut file", (bytes: Buffer) => bytes.subarray(0, 200)],
  ["an empty file", () => Buffer.alloc(0)],
])("%s is noticed and rendered again", async (_, damage) => {
  const whole = await open(folder);
  const file = join(folder, (await readdir(folder))[0]);
  await writeFile(file, damage(await readFile(file)));
  const again = await open(folder);
  expect(again.dataset.notices).toEqual([expect.stringContaining("was broken and has been rendered again")]);
  expect(again.pixels).toEqual(whole.pixels);
  expect((await open(folder)).dataset.notices).toEqual([]);
});

test("a folder that cannot be written leaves the sprites in memory and says so", async () => {
  const file = join(folder, "file");
  await writeFile(file, "");
  const { dataset, messages, pixels } = await open(join(file, "cache"));
  expect(dataset.notices.join()).toContain("choose a writable cacheDir");
  expect(messages).toContain(dataset.notices.at(-1));
  expect(pixels).toHaveLength(64 * 64 * 3);
});
