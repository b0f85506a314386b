import { FUSED_KERNELS } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import { runShader } from "./shader.ts";

type WebGPUBackend = import("@tensorflow/tfjs-backend-webgpu").WebGPUBackend;

/** Threads that share a row. */
const threads = 32;

/** LayerNorm as one shader. Composed of tfjs's kernels it is nine, each of which the host must bind and dispatch. */
export function addLayerNorm(): void {
  if (tf.getKernel(FUSED_KERNELS.layerNorm, "webgpu") !== undefined) return;
  tf.registerKernel({
    kernelName: FUSED_KERNELS.layerNorm,
    backendName: "webgpu",
    kernelFunc({ inputs, attrs, backend }) {
      const { x, gain, offset } = inputs as Record<"x" | "gain" | "offset", tf.TensorInfo>;
      const [rows, channels] = x.shape;
      const { epsilon } = attrs as unknown as { epsilon: number };
      return runShader(backend as WebGPUBackend, {
        name: "layer-norm",
        inputs: { x, gain, offset },
        shape: x.shape,
        integers: { rows, channels },
        floats: { epsilon },
        threads,
        workgroups: rows,
        code,
      });
    },
  });
}

/** The second pass sums distances from the first one's mean: what that lacks, and the variance. */
const code = `
  var<workgroup> parts: array<vec2<f32>, ${threads}>;

  fn total(part: vec2<f32>) -> vec2<f32> {
    workgroupBarrier();
    parts[localIndex] = part;
    workgroupBarrier();
    var sum = vec2<f32>(0.0);
    for (var thread = 0; thread < ${threads}; thread++) { sum += parts[thread]; }
    return sum;
  }

  fn main() {
    let row = i32(workgroupId.y * numWorkgroups.x + workgroupId.x);
    let channels = uniforms.channels;
    let count = f32(channels);
    let start = min(row, uniforms.rows - 1) * channels;
    var part = vec2<f32>(0.0);
    for (var channel = i32(localIndex); channel < channels; channel += ${threads}) {
      part.x += x[start + channel];
    }
    let about = total(part).x / count;
    part = vec2<f32>(0.0);
    for (var channel = i32(localIndex); channel < channels; channel += ${threads}) {
      let distance = x[start + channel] - about;
      part += vec2<f32>(distance, distance * distance);
    }
    let moments = total(part) / count;
    let inverse = 1.0 / sqrt(moments.y - moments.x * moments.x + uniforms.epsilon);
    if (row >= uniforms.rows) { return; }
    for (var channel = i32(localIndex); channel < channels; channel += ${threads}) {
      let normal = (x[start + channel] - about - moments.x) * inverse;
      result[start + channel] = normal * gain[channel] + offset[channel];
    }
  }`;
