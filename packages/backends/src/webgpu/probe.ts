import type { BackendProbe } from "../status.ts";
import { type AdapterOptions, findAdapter } from "./adapter.ts";

/** Whether this program can compute on WebGPU. Opens an adapter, but no device. Never throws. */
export async function probeWebgpu(options: AdapterOptions = {}): Promise<BackendProbe> {
  const found = await findAdapter(options);
  if (found.adapter === undefined) {
    return { available: false, detail: "no WebGPU adapter", reason: found.reason, fix: found.fix };
  }
  const { software, device, detail } = found;
  return { available: true, software, device, detail };
}
