import { fileURLToPath } from "node:url";
import { isRequired } from "@nuwa/testing";
import { findChromium, type OpenedPage, openPage } from "@nuwa/testing/chromium";
import { afterAll, beforeAll, expect, test } from "vitest";
import { reportRows } from "./check-backend.ts";

const executable = findChromium();
const missing = executable === undefined && !isRequired("chromium");
const reason = "no Chromium: install it, or name it in CHROMIUM_PATH";
const root = fileURLToPath(new URL("page", import.meta.url));
let opened: OpenedPage | undefined;

beforeAll(async () => {
  if (!missing) opened = await openPage({ root, executablePath: executable ?? "chromium" });
}, 120_000);
afterAll(() => opened?.close());

test("the bundle carries nothing of Node's", (context) => {
  if (missing) context.skip(reason);
  const scripts = Object.entries(opened!.scripts);
  expect(scripts.length).toBeGreaterThan(0);
  for (const [name, code] of scripts) {
    expect(code, name).not.toMatch(/from\s*["']node:|import\(["']node:|require\(["']node:/);
    expect(code, name).not.toMatch(/dawn\.node|vk_swiftshader|koffi|libtensorflow/);
  }
});

for (const backend of ["wasm", "webgpu"] as const) {
  test(`${backend} in Chromium computes what PyTorch computes`, { timeout: 300_000 }, async (context) => {
    if (missing) context.skip(reason);
    const { selected, rows } = await opened!.page.evaluate((name) => checkConformance(name), backend);
    expect(selected.name).toBe(backend);
    await reportRows(`${backend} in Chromium`, rows);
  });
}
