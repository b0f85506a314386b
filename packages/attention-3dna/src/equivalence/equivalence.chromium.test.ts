import { chromiumPage, nodeScripts } from "@nuwa/testing/chromium-page";
import { expect, test } from "vitest";
import { CASES } from "./cases.ts";

const open = chromiumPage(new URL("page/main.ts", import.meta.url), { isolated: true });

test("the bundle carries nothing of Node's", (context) => {
  expect(nodeScripts(open(context))).toEqual([]);
});

test("on a page one thread computes, which may be said but need not", {
  timeout: 300_000,
}, async (context) => {
  const { page } = open(context);
  for (const prepare of [false, true]) {
    const request = { backend: "wasm", cases: CASES, prepare } as const;
    const result = await page.evaluate((asked) => checkHere(asked), request);
    expect(result).toEqual({ failures: [], threads: 1 });
  }
});

test("in a worker of an isolated page all cores compute", { timeout: 300_000 }, async (context) => {
  const { page } = open(context);
  const request = { backend: "wasm", cases: CASES, prepare: true } as const;
  const result = await page.evaluate((asked) => checkInWorker(asked), request);
  const cores = await page.evaluate(() => navigator.hardwareConcurrency);
  expect(result).toEqual({ failures: [], threads: cores === 1 ? 1 : cores + 1 });
});

test("WebGPU's kernels compute the same", { timeout: 300_000 }, async (context) => {
  const { page } = open(context);
  const request = { backend: "webgpu", cases: Math.ceil(CASES / 10), prepare: false } as const;
  const result = await page.evaluate((asked) => checkHere(asked), request);
  expect(result.failures).toEqual([]);
});
