import * as tf from "@tensorflow/tfjs-core";
import type { SelectedBackend } from "./status.ts";

/** Selects tfjs's plain JavaScript backend, which runs everywhere, slowly. */
export async function registerCpu(): Promise<SelectedBackend> {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  return { name: "cpu", device: "CPU", detail: "plain JavaScript, one thread" };
}
