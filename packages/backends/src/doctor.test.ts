import { expect, test } from "vitest";
import { doctor, formatDoctor } from "./index.ts";

test("the report has every backend, and cpu always", async () => {
  const report = await doctor();
  expect(report.backends.map(({ name }) => name)).toEqual(["node", "webgpu", "wasm", "cpu"]);
  expect(report.backends.at(-1)).toMatchObject({ available: true });
  for (const { available, reason } of report.backends) expect(available || reason !== undefined).toBe(true);
  expect(report.cores).toBeGreaterThan(0);
  expect(report.memory.total).toBeGreaterThan(report.memory.free);
});

test("the text", () => {
  const text = formatDoctor({
    node: "24.1.0",
    system: "linux x64",
    processor: "A processor",
    cores: 8,
    memory: { total: 16 * 2 ** 30, free: 8 * 2 ** 30 },
    backends: [
      { name: "node", available: false, detail: "can be fetched", reason: "not here", fix: "fetch it" },
      { name: "cpu", available: true, device: "CPU", detail: "plain JavaScript" },
    ],
  });
  expect(text).toBe(`Node 24.1.0 on linux x64, A processor
8 cores for this process, 8.0 GiB of 16.0 GiB memory free
libtensorflow: not found

✗ node   can be fetched
         why: not here
         fix: fetch it
✓ cpu    CPU: plain JavaScript`);
});
