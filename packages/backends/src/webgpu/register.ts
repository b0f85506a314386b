import { NuwaError } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { replaceAvgPoolGradient } from "../repair/avg-pool.ts";
import { replaceMatMulBroadcast } from "../repair/mat-mul.ts";
import { replaceReductions } from "../repair/reductions.ts";
import type { SelectedBackend } from "../status.ts";
import { findAdapter, type WebgpuOptions } from "./adapter.ts";
import { replaceAddN } from "./add-n.ts";
import { DeviceErrors } from "./device-errors.ts";
import { addLayerNorm } from "./layer-norm.ts";
import { addLinearGelu } from "./linear-gelu.ts";
import { replaceMultinomial } from "./multinomial.ts";
import { replacePad } from "./pad.ts";

type WebGPUBackend = import("@tensorflow/tfjs-backend-webgpu").WebGPUBackend;

interface Opened {
  readonly backend: WebGPUBackend;
  readonly errors: DeviceErrors;
  readonly selected: SelectedBackend;
}

let opened: Opened | undefined;

/** What fused kernels of other packages can use, where the adapter has it. */
const wantedFeatures: readonly GPUFeatureName[] = ["timestamp-query", "shader-f16", "subgroups"];

const wantedLimits = [
  "maxComputeWorkgroupStorageSize",
  "maxComputeWorkgroupsPerDimension",
  "maxStorageBufferBindingSize",
  "maxBufferSize",
  "maxComputeWorkgroupSizeX",
  "maxComputeInvocationsPerWorkgroup",
] as const;

/**
 * Opens a WebGPU device, the browser's or Dawn's in Node, loads tfjs's webgpu backend on it with what is broken
 * there replaced, and selects it. Read tensors by `await tensor.data()` only.
 *
 * @throws NuwaError `BACKEND` when there is no adapter, or only a software one that was not allowed
 */
export async function registerWebgpu(options: WebgpuOptions = {}): Promise<SelectedBackend> {
  opened ??= await open(options);
  if (!(await tf.setBackend("webgpu"))) {
    throw new NuwaError("BACKEND", "webgpu backend: tfjs could not initialise it; its warning says why.");
  }
  replacePad();
  replaceAddN();
  replaceMultinomial();
  replaceMatMulBroadcast("webgpu");
  replaceReductions("webgpu");
  replaceAvgPoolGradient("webgpu");
  addLayerNorm();
  addLinearGelu();
  return opened.selected;
}

/**
 * @throws NuwaError `BACKEND` when a GPU command since the last read or check was invalid. Reads check by themselves.
 */
export function checkErrors(): void {
  opened?.errors.check();
}

/** Waits for the GPU, then gives the device and the backend back. Every tensor on it is gone. */
export async function closeWebgpu(): Promise<void> {
  if (opened === undefined) return;
  const { backend } = opened;
  opened = undefined;
  backend.ensureCommandEncoderReady();
  backend.endComputePassEncoder();
  backend.submitQueue();
  await backend.device.queue.onSubmittedWorkDone();
  tf.removeBackend("webgpu");
  backend.device.destroy();
}

async function open(options: WebgpuOptions): Promise<Opened> {
  const found = await findAdapter(options);
  if (found.adapter === undefined) {
    throw new NuwaError("BACKEND", `webgpu backend: ${found.reason}. ${found.fix}`);
  }
  const { adapter } = found;
  const device = await adapter.requestDevice({
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(wantedLimits.map((limit) => [limit, adapter.limits[limit]])),
  });
  const errors = new DeviceErrors(device);
  const { WebGPUBackend } = await import("@tensorflow/tfjs-backend-webgpu");
  const backend = checkedReads(new WebGPUBackend(device, adapter.info), errors);
  if (tf.findBackendFactory("webgpu")) tf.removeBackend("webgpu"); // the one with a device of its own, which tfjs registers when it is imported
  tf.registerBackend("webgpu", () => backend, 3);
  destroyAtExit(device);
  if (found.software) avoidBarriers();
  const kind = found.software ? ", software adapter" : "";
  const selected = {
    name: "webgpu",
    device: found.device,
    detail: `tfjs-backend-webgpu on ${found.detail}${kind}`,
  };
  return { backend, errors, selected };
}

/**
 * tfjs gives small products to programs of many barriers, which a processor takes 4 to 500 times as long for as for its
 * packed program. An own choice of the flag stays.
 */
function avoidBarriers(): void {
  const flag = "WEBGPU_MATMUL_PROGRAM_TYPE";
  const [automatic, packed] = [-1, 3]; // of tfjs's MatMulProgramType
  if (tf.env().getNumber(flag) === automatic) tf.env().set(flag, packed);
}

/** Makes reads fail after an invalid GPU command, and synchronous reads fail at once, saying what to do. */
function checkedReads(backend: WebGPUBackend, errors: DeviceErrors): WebGPUBackend {
  const read = backend.read.bind(backend);
  const readSync = backend.readSync.bind(backend);
  backend.read = async (dataId) => {
    try {
      return await read(dataId);
    } finally {
      errors.check();
    }
  };
  backend.readSync = (dataId) => {
    const { values, dtype } = backend.tensorMap.get(dataId);
    if (values !== undefined && values !== null) return values;
    if (dtype === "string" || dtype === "complex64") return readSync(dataId);
    throw new NuwaError(
      "BACKEND",
      "webgpu backend: dataSync() cannot read from the GPU. Use `await tensor.data()` outside of tf.tidy.",
    );
  };
  return backend;
}

/** Dawn crashes when Node leaves, by an exception for example, while a read is pending. */
function destroyAtExit(device: GPUDevice): void {
  if (typeof process === "undefined" || typeof process.once !== "function") return;
  process.once("exit", () => device.destroy());
}
