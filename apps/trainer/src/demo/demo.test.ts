import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../cli.ts";

test("demo", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-demo-"));
  const code = await main([
    "demo",
    "--debug",
    "--backend",
    "cpu",
    "--config",
    "test",
    "--out",
    "/tmp/lab/trainer/gallery",
    "--run",
    join(folder, "run"),
  ]);
  expect(code).toBe(0);
});
