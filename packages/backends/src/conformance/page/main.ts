/// <reference types="vite/client" />
import { type PageBackend, useOnPage } from "@nuwa/testing/page";
import { useBackend } from "../../browser.ts";
import fixture from "../../fixtures/conformance.safetensors?url";
import type { SelectedBackend } from "../../status.ts";
import { probeWebgpu } from "../../webgpu/index.ts";
import { type ConformanceRow, runConformance } from "../run.ts";

export interface PageResult {
  readonly selected: SelectedBackend;
  readonly rows: readonly ConformanceRow[];
}

declare global {
  var checkConformance: (backend: PageBackend) => Promise<PageResult>;
}

globalThis.checkConformance = async (backend) => {
  await probeWebgpu(); // as "auto" does first: it must not stand in the way of what follows
  const selected = await useOnPage(useBackend, backend);
  const bytes = new Uint8Array(await (await fetch(fixture)).arrayBuffer());
  return { selected, rows: await runConformance(backend, bytes) };
};
