import { chromiumPage, nodeScripts } from "@nuwa/testing/chromium-page";
import { expect, test } from "vitest";
import { reportRows } from "./check-backend.ts";

const open = chromiumPage(new URL("page/main.ts", import.meta.url));

test("the bundle carries nothing of Node's", (context) => {
  const opened = open(context);
  const scripts = Object.entries(opened.scripts);
  expect(scripts.length).toBeGreaterThan(0);
  expect(nodeScripts(opened)).toEqual([]);
  for (const [name, code] of scripts) {
    expect(code, name).not.toMatch(/dawn\.node|vk_swiftshader|koffi|libtensorflow/);
  }
});

for (const backend of ["wasm", "webgpu"] as const) {
  test(`${backend} in Chromium computes what PyTorch computes`, { timeout: 300_000 }, async (context) => {
    const { page } = open(context);
    const { selected, rows } = await page.evaluate((name) => checkConformance(name), backend);
    expect(selected.name).toBe(backend);
    await reportRows(`${backend} in Chromium`, rows);
  });
}
