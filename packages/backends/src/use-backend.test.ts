import * as tf from "@tensorflow/tfjs-core";
import { expect, test } from "vitest";
import { useBackend as useBackendInBrowser } from "./browser.ts";
import { type BackendName, useBackend } from "./index.ts";
import { selectFirst } from "./select.ts";

test("cpu works everywhere", async () => {
  expect(await useBackend("cpu")).toEqual({
    name: "cpu",
    device: "CPU",
    detail: "plain JavaScript, one thread",
  });
  expect(tf.getBackend()).toBe("cpu");
});

test("an unknown name lists the known ones", async () => {
  const message = 'useBackend: unknown backend "cuda". Use auto, node, webgpu, wasm, cpu.';
  await expect(useBackend("cuda" as never)).rejects.toMatchObject({ code: "CONFIG", message });
});

test("the node backend in a browser says what to use", async () => {
  await expect(useBackendInBrowser("node")).rejects.toMatchObject({
    code: "BACKEND",
    hint: 'Use "auto" in browsers.',
  });
});

test("auto takes the first that works and tells why the others did not", async () => {
  const candidates = [
    { name: "gpu", select: async () => undefined },
    { name: "node", select: () => Promise.reject(new Error("no library\nmore")) },
    { name: "wasm", select: async () => ({ name: "wasm", device: "CPU", detail: "SIMD" }) },
    { name: "cpu", select: () => Promise.reject(new Error("not reached")) },
  ];
  const detail = "SIMD (not used: node: no library)";
  expect(await selectFirst(candidates)).toEqual({ name: "wasm", device: "CPU", detail });
  await expect(selectFirst(candidates.slice(0, 2))).rejects.toThrow(
    "no backend works here. node: no library",
  );
});

test("auto does not go on when the program stopped the fetch", async () => {
  const stopped = { name: "node", select: () => Promise.reject(new DOMException("stopped", "AbortError")) };
  const next = { name: "cpu", select: async () => ({ name: "cpu", device: "CPU", detail: "" }) };
  await expect(selectFirst([stopped, next])).rejects.toThrow("stopped");
});

test("options are typed by the backend's name", () => {
  const named = (name: BackendName) => [
    () => useBackend(),
    () => useBackend("auto", { fetch: false, wasmPaths: "/wasm/" }),
    () => useBackend("node", { threads: 2, onProgress: ({ bytes }) => bytes }),
    () => useBackend("webgpu", { allowSoftware: true }),
    () => useBackend("wasm", { wasmPaths: { "tfjs-backend-wasm.wasm": "/plain.wasm" } }),
    () => useBackend(name, { onProgress: () => {}, signal: new AbortController().signal }),
    // @ts-expect-error node's
    () => useBackend("wasm", { threads: 2 }),
    // @ts-expect-error webgpu's
    () => useBackend("auto", { allowSoftware: true }),
    // @ts-expect-error cpu has none
    () => useBackend("cpu", { threads: 2 }),
  ];
  expect(named("cpu")).toHaveLength(9); // for the compiler to check, not to run
});
