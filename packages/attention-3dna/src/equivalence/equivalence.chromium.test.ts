import { fileURLToPath } from "node:url";
import { isRequired } from "@nuwa/testing";
import { findChromium, type OpenedPage, openPage } from "@nuwa/testing/chromium";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CASES } from "./cases.ts";

const executable = findChromium();
const missing = executable === undefined && !isRequired("chromium");
const reason = "no Chromium: install it, or name it in CHROMIUM_PATH";
let opened: OpenedPage | undefined;

beforeAll(async () => {
  const root = fileURLToPath(new URL("page", import.meta.url));
  if (!missing) opened = await openPage({ root, executablePath: executable ?? "chromium", isolated: true });
}, 120_000);
afterAll(() => opened?.close());

test("the bundle carries nothing of Node's", (context) => {
  if (missing) context.skip(reason);
  for (const [name, code] of Object.entries(opened!.scripts)) {
    expect(code, name).not.toMatch(/from\s*["']node:|import\(["']node:|node:worker_threads/);
  }
});

test("on a page one thread computes, which may be said but need not", {
  timeout: 300_000,
}, async (context) => {
  if (missing) context.skip(reason);
  for (const prepare of [false, true]) {
    const request = { backend: "wasm", cases: CASES, prepare } as const;
    const result = await opened!.page.evaluate((asked) => checkHere(asked), request);
    expect(result).toEqual({ failures: [], threads: 1 });
  }
});

test("in a worker of an isolated page all cores compute", { timeout: 300_000 }, async (context) => {
  if (missing) context.skip(reason);
  const request = { backend: "wasm", cases: CASES, prepare: true } as const;
  const result = await opened!.page.evaluate((asked) => checkInWorker(asked), request);
  const cores = await opened!.page.evaluate(() => navigator.hardwareConcurrency);
  expect(result).toEqual({ failures: [], threads: cores === 1 ? 1 : cores + 1 });
});

test("WebGPU's kernels compute the same", { timeout: 300_000 }, async (context) => {
  if (missing) context.skip(reason);
  const request = { backend: "webgpu", cases: Math.ceil(CASES / 10), prepare: false } as const;
  const result = await opened!.page.evaluate((asked) => checkHere(asked), request);
  expect(result.failures).toEqual([]);
});
