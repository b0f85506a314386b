import * as tf from "@tensorflow/tfjs-core";
import { replaceAvgPoolGradient } from "../repair/avg-pool.ts";
import { replaceMatMulBroadcast } from "../repair/mat-mul.ts";
import { replaceReductions } from "../repair/reductions.ts";
import type { SelectedBackend } from "../status.ts";
import { replaceResizeGradient } from "./resize-gradient.ts";
import { replaceScatterUpdate } from "./scatter-update.ts";

/** Selects tfjs's plain JavaScript backend, which runs everywhere, slowly, with what is wrong there replaced. */
export async function registerCpu(): Promise<SelectedBackend> {
  await import("@tensorflow/tfjs-backend-cpu");
  await tf.setBackend("cpu");
  replaceReductions("cpu");
  replaceAvgPoolGradient("cpu");
  replaceMatMulBroadcast("cpu");
  replaceResizeGradient();
  replaceScatterUpdate();
  return { name: "cpu", device: "CPU", detail: "plain JavaScript, one thread" };
}
