import { afterAll, beforeAll, expect, test } from "vitest";
import { isRequired, reportRows } from "./check-backend.ts";
import { findChromium, openPage, type Page } from "./chromium.ts";

const executable = findChromium();
const missing = executable === undefined && !isRequired("chromium");
const reason = "no Chromium: install it, or name it in CHROMIUM_PATH";
let page: Page | undefined;

beforeAll(async () => {
  if (!missing) page = await openPage(executable ?? "chromium");
}, 120_000);
afterAll(() => page?.close());

test("the bundle carries nothing of Node's", (context) => {
  if (missing) context.skip(reason);
  const scripts = Object.entries(page!.scripts);
  expect(scripts.length).toBeGreaterThan(0);
  for (const [name, code] of scripts) {
    expect(code, name).not.toMatch(/from\s*["']node:|import\(["']node:|require\(["']node:/);
    expect(code, name).not.toMatch(/dawn\.node|vk_swiftshader|koffi|libtensorflow/);
  }
});

for (const backend of ["wasm", "webgpu"] as const) {
  test(`${backend} in Chromium computes what PyTorch computes`, { timeout: 300_000 }, async (context) => {
    if (missing) context.skip(reason);
    const { selected, rows } = await page!.check(backend);
    expect(selected.name).toBe(backend);
    await reportRows(`${backend} in Chromium`, rows);
  });
}
