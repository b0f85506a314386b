import { isRequired } from "@nuwa/testing";
import { test } from "vitest";
import { probeNode, registerNode } from "../node/index.ts";
import { checkBackend } from "./check-backend.ts";

test("node computes what PyTorch computes", async (context) => {
  const probe = await probeNode();
  if (!probe.available && !isRequired("node")) context.skip(probe.reason);
  await registerNode({ fetch: false });
  await checkBackend("node");
});
