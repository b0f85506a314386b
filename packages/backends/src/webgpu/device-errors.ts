import { NuwaError } from "@nuwa/tensor3d";

/**
 * WebGPU reports invalid shaders and commands beside the program's flow, which then reads stale memory. This
 * keeps the first such error until `check` throws it.
 */
export class DeviceErrors {
  private first: string | undefined;
  private count = 0;
  private lost: string | undefined;

  constructor(device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault();
      this.first ??= event.error.message;
      this.count++;
    });
    device.lost.then((info) => {
      if (info.reason !== "destroyed") this.lost = info.message || "no reason given";
    });
  }

  /**
   * @throws NuwaError `BACKEND` with the first error since the last check, or for ever once the device is lost
   */
  check(): void {
    if (this.lost !== undefined) {
      throw new NuwaError(
        "BACKEND",
        `webgpu backend: the device was lost: ${this.lost}. Its tensors are gone; start again from a checkpoint.`,
      );
    }
    if (this.first === undefined) return;
    const more = this.count > 1 ? ` (and ${this.count - 1} more)` : "";
    const message = `webgpu backend: a GPU command was invalid, so values read now would be wrong: ${this.first}${more}`;
    this.first = undefined;
    this.count = 0;
    throw new NuwaError("BACKEND", message);
  }
}
