import { test } from "vitest";
import { registerCpu } from "../cpu/register.ts";
import { checkBackend } from "./check-backend.ts";

test("cpu computes what PyTorch computes", async () => {
  await registerCpu();
  await checkBackend("cpu");
});
