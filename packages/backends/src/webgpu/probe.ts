import type { BackendProbe } from "../status.ts";
import { findAdapter, type WebgpuOptions } from "./adapter.ts";

/** Whether this program can compute on WebGPU. Opens an adapter, but no device. Never throws. */
export async function probeWebgpu(options: WebgpuOptions = {}): Promise<BackendProbe> {
  const found = await findAdapter(options);
  if (found.adapter === undefined) {
    return { available: false, detail: "no WebGPU adapter", reason: found.reason, fix: found.fix };
  }
  const { software, device, detail } = found;
  return { available: true, software, device, detail };
}
