import { Rng } from "@nuwa/tensor3d";
import { expectClose } from "@nuwa/testing";
import type * as tf from "@tensorflow/tfjs-core";

export type Shape = [batch: number, positions: number, channels: number];

/** `[batch, positions, channels]` numbers that are normed over groups of channels: LayerNorm has one group and one position. */
export interface Problem {
  readonly shape: Shape;
  readonly groups: number;
  readonly values: Record<"x" | "dy" | "gain" | "offset", Float32Array>;
}

export function drawProblem(shape: Shape, groups: number, mean: number): Problem {
  const rng = new Rng(5);
  const [batch, positions, channels] = shape;
  const normal = (size: number, around: number) =>
    Float32Array.from(rng.normal(size), (value) => value + around);
  const size = batch * positions * channels;
  const values = {
    x: normal(size, mean),
    dy: normal(size, 0.5),
    gain: normal(channels, 1),
    offset: normal(channels, 0),
  };
  return { shape, groups, values };
}

/** The result and all gradients in float64, one group after the other. */
export function oracle({ shape: [batch, positions, channels], groups, values }: Problem, epsilon: number) {
  const { x, dy, gain, offset } = values;
  const width = channels / groups;
  const results = {
    y: new Float64Array(x.length),
    dx: new Float64Array(x.length),
    gain: new Float64Array(channels),
    offset: new Float64Array(channels),
  };
  for (let picture = 0; picture < batch; picture++) {
    for (let group = 0; group < groups; group++) {
      const places: [index: number, channel: number][] = [];
      for (let position = 0; position < positions; position++) {
        for (let c = group * width; c < (group + 1) * width; c++) {
          places.push([(picture * positions + position) * channels + c, c]);
        }
      }
      const meanOf = (f: (index: number, channel: number) => number) =>
        places.reduce((sum, [index, channel]) => sum + f(index, channel), 0) / places.length;
      const mean = meanOf((index) => x[index]);
      const deviation = Math.sqrt(meanOf((index) => (x[index] - mean) ** 2) + epsilon);
      const normal = (index: number) => (x[index] - mean) / deviation;
      const meanG = meanOf((index, c) => dy[index] * gain[c]);
      const meanGNormal = meanOf((index, c) => dy[index] * gain[c] * normal(index));
      for (const [index, c] of places) {
        results.y[index] = normal(index) * gain[c] + offset[c];
        results.dx[index] = (dy[index] * gain[c] - meanG - normal(index) * meanGNormal) / deviation;
        results.gain[c] += dy[index] * normal(index);
        results.offset[c] += dy[index];
      }
    }
  }
  return results;
}

/** Compares with numbers of about the same size, relative to the largest. */
export async function expectNear(actual: tf.Tensor, data: Float64Array, tolerance: number): Promise<void> {
  const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  await expectClose(actual, { shape: actual.shape, data }, { atol: tolerance * largest });
}
