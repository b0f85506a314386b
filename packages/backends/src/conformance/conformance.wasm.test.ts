import { isRequired } from "@nuwa/testing";
import { test } from "vitest";
import { probeWasm, registerWasm } from "../wasm/index.ts";
import { checkBackend } from "./check-backend.ts";

test("wasm computes what PyTorch computes", async (context) => {
  const probe = await probeWasm();
  if (!probe.available && !isRequired("wasm")) context.skip(probe.reason);
  await registerWasm();
  await checkBackend("wasm");
});
