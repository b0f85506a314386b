import { beforeEach, expect, test, vi } from "vitest";
import { useBackend as useBackendInBrowser } from "./browser.ts";
import type { NodeOptions } from "./node/options.ts";
import { useBackend } from "./use-backend.ts";

const selected = (name: string) => ({ name, device: "CPU", detail: "" });
const registerNode = vi.fn(async (_: NodeOptions) => selected("node"));
const registerWasm = vi.fn(async (_: object) => selected("wasm"));
const registerWebgpu = vi.fn(async (_: object) => selected("webgpu"));

vi.mock("@tensorflow/tfjs-core", async (importOriginal) => ({
  ...(await importOriginal<object>()),
  ready: async () => {}, // no backend was registered in truth
}));
vi.mock("./cpu/register.ts", () => ({ registerCpu: async () => selected("cpu") }));
vi.mock("./node/register-node.ts", () => ({ registerNode: (options: NodeOptions) => registerNode(options) }));
vi.mock("./wasm/index.ts", () => ({ registerWasm: (options: object) => registerWasm(options) }));
vi.mock("./webgpu/index.ts", () => ({
  registerWebgpu: (options: object) => registerWebgpu(options),
  probeWebgpu: async () => ({ available: false, detail: "none" }),
}));

beforeEach(() => vi.clearAllMocks());

const nodeOptions: NodeOptions = { threads: 3, fetch: false, onProgress: () => {}, signal: undefined };
const wasmPaths = "/served/here/";

test("each backend gets its own options", async () => {
  await useBackend("node", nodeOptions);
  expect(registerNode).toHaveBeenLastCalledWith(nodeOptions);
  await useBackend("wasm", { wasmPaths });
  expect(registerWasm).toHaveBeenLastCalledWith({ wasmPaths });
  await useBackend("webgpu", { allowSoftware: true });
  expect(registerWebgpu).toHaveBeenLastCalledWith({ allowSoftware: true });
  await useBackend("webgpu");
  expect(registerWebgpu).toHaveBeenLastCalledWith({});
});

test("auto hands node and wasm theirs", async () => {
  registerNode.mockRejectedValueOnce(new Error("no library"));
  expect(await useBackend("auto", { ...nodeOptions, wasmPaths })).toMatchObject({ name: "wasm" });
  expect(registerNode).toHaveBeenLastCalledWith(nodeOptions);
  expect(registerWasm).toHaveBeenLastCalledWith({ wasmPaths });
});

test("in a browser too, where node's options change nothing", async () => {
  await useBackendInBrowser("auto", { fetch: false, wasmPaths });
  expect(registerWasm).toHaveBeenLastCalledWith({ wasmPaths });
  await useBackendInBrowser("webgpu", { allowSoftware: true });
  expect(registerWebgpu).toHaveBeenLastCalledWith({ allowSoftware: true });
  expect(registerNode).not.toHaveBeenCalled();
});
