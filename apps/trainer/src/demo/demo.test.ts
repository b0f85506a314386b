import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../cli.ts";
import type { Console } from "../console/console.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-demo-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const lines: string[] = [];
const console: Console = {
  line: (text = "") => void lines.push(text),
  error: (text) => void lines.push(text),
  progress: () => ({ update() {}, begin() {}, setTotal() {}, finish() {} }),
};

test("the demo writes a gallery that needs no other file, and its figures", async () => {
  const out = join(folder, "gallery");
  const args = ["demo", "--backend", "cpu", "--config", "test", "--out", out, "--run", join(folder, "run")];
  expect(await main(args, { console })).toBe(0);
  expect((await readdir(out)).sort()).toEqual(["LICENSE.txt", "index.html", "results.json"]);
  expect(lines).toContain(`Gallery: ${join(out, "index.html")}`);
  expect(lines).toContain(`Figures: ${join(out, "results.json")}`);

  const html = await readFile(join(out, "index.html"), "utf8");
  expect(html).not.toMatch(/https?:|src="(?!data:)|href=|url\(|@import|<script/);
  expect(html.match(/src="data:image\/png/g)!.length).toBe(24 + 12 + 8 * 3);
  expect(html.match(/src="data:image\/webp/g)!.length).toBe(16 + 8);
  expect(html.match(/<b>held out<\/b>/g)!.length).toBe(4 + 6 + 4 + 4);
  expect(html.match(/<polyline/g)!.length).toBe(2 + 1 + 1 + 1 + 3 + 3);
  const given =
    /<span class="given"[^>]*><small>given<\/small>(<img [^>]*alt="given frame [12]"[^>]*>){2}<\/span>/g;
  expect(html.match(given)!.length).toBe(8);
  const predicted =
    /<span class="predicted"[^>]*><small>predicted<\/small><img [^>]*alt="predicted frame 3"[^>]*><\/span>/g;
  expect(html.match(predicted)!.length).toBe(8);
  expect(html).toContain("CC BY-SA 4.0");

  const results = JSON.parse(await readFile(join(out, "results.json"), "utf8"));
  expect(results).toMatchObject({
    format: "nuwa-demo-results",
    machine: { backend: "cpu" },
    tokenizer: { steps: 12, psnr: { train: expect.any(Number), heldOut: expect.any(Number) } },
    transformer: { steps: 12, final: { "heldOut.textToImage": expect.any(Number) } },
    captionTest: {
      textToImage: { train: { count: 6 }, heldOut: { count: 6 } },
      videoPrediction: { train: { count: 4 }, heldOut: { count: 4 } },
      textToVideo: { train: { count: 4 }, heldOut: { count: 4 } },
    },
    seconds: { total: expect.any(Number) },
  });
});

test("a folder with other things is not replaced", async () => {
  const out = join(folder, "mine");
  const { replaceFolder } = await import("../files/replace-folder.ts");
  await replaceFolder(out, ["results.json"], (path) => writeFile(join(path, "diary.txt"), "dear"));
  await expect(replaceFolder(out, ["results.json"], async () => {})).rejects.toThrow("holds other files");
  expect(await readFile(join(out, "diary.txt"), "utf8")).toBe("dear");
});
