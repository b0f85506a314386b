import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where distributions and browsers put Chromium's SwiftShader, a Vulkan driver that computes on the CPU. */
const softwareDrivers = [
  "/usr/lib/chromium",
  "/usr/lib64/chromium-browser",
  "/usr/lib/chromium-browser",
  "/snap/chromium/current/usr/lib/chromium-browser",
  "/opt/google/chrome",
  "/opt/microsoft/msedge",
].map((folder) => `${folder}/vk_swiftshader_icd.json`);

/**
 * Opens WebGPU in Node through Dawn (npm `webgpu`). Where the machine's drivers give no adapter and
 * `allowSoftware` is set, points the Vulkan loader at SwiftShader, unless `VK_ICD_FILENAMES` is set already.
 *
 * @returns the entry point; `requestAdapter()` on it gives null where there is no usable driver
 * @throws Error when the native module does not load
 */
export async function openDawn(allowSoftware: boolean): Promise<GPU> {
  // Mesa's drivers complain on the console where this is not set, as in containers.
  process.env.XDG_RUNTIME_DIR ??= tmpdir();
  const { create, globals } = await import("webgpu");
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  const gpu = create([]);
  if (!allowSoftware || process.env.VK_ICD_FILENAMES !== undefined) return gpu;
  if ((await gpu.requestAdapter()) !== null) return gpu;
  const driver = softwareDrivers.find((path) => existsSync(path));
  if (driver === undefined) return gpu;
  process.env.VK_ICD_FILENAMES = driver;
  return create([]);
}
