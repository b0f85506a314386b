/** A row's error limit in place of the usual one. */
export const looser: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // WGSL allows sin and cos an error of 2^-11; SwiftShader uses part of it.
  webgpu: { sin: 2 ** -11, "sin, gradient": 2 ** -11, cos: 2 ** -11, "cos, gradient": 2 ** -11 },
};

const core =
  "tfjs-core's gradient of squaredDifference does not sum over broadcast axes: use square(sub(a, b))";

const everywhere = {
  "squaredDifference, right broadcast, gradient": core,
  "squaredDifference, both broadcast, gradient": core,
};

/**
 * Rows that a backend is known to fail, with the reason and what to use. A row that stands here and passes
 * fails the suite too.
 */
export const knownWrong: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  cpu: {
    ...everywhere,
    "cumsum axis -1": "tfjs-backend-cpu takes no negative axis: name the axis by its number",
    "cumsum axis -1, gradient": "tfjs-backend-cpu takes no negative axis: name the axis by its number",
    "avgPool 3x3 same, gradient":
      "tfjs-backend-cpu divides by the whole window at borders: use valid padding",
    "resizeNearestNeighbor, gradient":
      "tfjs-backend-cpu mixes up the images of a batch: use upsampleNearest2x",
  },
  wasm: everywhere,
  webgpu: everywhere,
  node: everywhere,
};
