/** A row's error limit in place of the usual one, by backend. */
export const looser: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // WGSL allows sin and cos an error of 2^-11; SwiftShader uses part of it.
  webgpu: { sin: 2 ** -11, "sin, gradient": 2 ** -11, cos: 2 ** -11, "cos, gradient": 2 ** -11 },
};
