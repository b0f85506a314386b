import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { evaluationsPath, isFinished, readEvaluations } from "./evaluation.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-evaluation-"));
  await mkdir(join(folder, "runs"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a run that has not begun has none", async () => {
  const evaluations = await readEvaluations(folder, { name: "none-1" });
  expect(evaluations).toEqual([]);
  expect(isFinished(evaluations)).toBe(false);
});

test("each line is one; the last one at the share 1 ends a run", async () => {
  const run = { name: "a-1" };
  await writeFile(evaluationsPath(folder, run), '{"share":0.5}\n{"share":1}\n');
  const evaluations = await readEvaluations(folder, run);
  expect(evaluations).toEqual([{ share: 0.5 }, { share: 1 }]);
  expect(isFinished(evaluations)).toBe(true);
  expect(isFinished(evaluations.slice(0, 1))).toBe(false);
});

test("a damaged file is named", async () => {
  const run = { name: "b-1" };
  await writeFile(evaluationsPath(folder, run), '{"share":');
  await expect(readEvaluations(folder, run)).rejects.toThrow(/b-1\.jsonl: wanted a JSON object on each line/);
});
