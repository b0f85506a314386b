// LayerNorm of rows that lie one after the other. Built by scripts/build-kernels.mjs.

/**
 * Replaces rows by `(x - mean) / sqrt(variance + epsilon) * gain + offset`.
 *
 * @param values address of the rows; gain and offset, addresses of a number a channel
 */
export function normalizeRows(
  values: usize,
  gain: usize,
  offset: usize,
  rows: i32,
  channels: i32,
  epsilon: f32,
): void {
  const bytes = <usize>channels << 2;
  const whole = bytes & ~31; // eight at a time, the rest one by one
  const share = <f32>1 / <f32>channels;
  const end = values + <usize>rows * bytes;
  for (let row = values; row < end; row += bytes) {
    const mean = sumOf(row, bytes, whole) * share;
    const center = f32x4.splat(mean);
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let squareA = f32x4.splat(0);
    let squareB = f32x4.splat(0);
    let c: usize = 0;
    for (; c < whole; c += 32) {
      const near = f32x4.sub(v128.load(row + c), center);
      const next = f32x4.sub(v128.load(row + c, 16), center);
      a = f32x4.add(a, near);
      b = f32x4.add(b, next);
      squareA = f32x4.add(squareA, f32x4.mul(near, near));
      squareB = f32x4.add(squareB, f32x4.mul(next, next));
    }
    let rest = sumOfLanes(f32x4.add(a, b));
    let squares = sumOfLanes(f32x4.add(squareA, squareB));
    for (; c < bytes; c += 4) {
      const deviation = load<f32>(row + c) - mean;
      rest += deviation;
      squares += deviation * deviation;
    }
    rest *= share; // what the rounded mean lacks
    const inverse = <f32>1 / sqrt<f32>(squares * share - rest * rest + epsilon);
    scaleRow(row, gain, offset, bytes, mean, rest, inverse);
  }
}

@inline
function scaleRow(
  row: usize,
  gain: usize,
  offset: usize,
  bytes: usize,
  mean: f32,
  rest: f32,
  inverse: f32,
): void {
  const center = f32x4.splat(mean);
  const lack = f32x4.splat(rest);
  const factor = f32x4.splat(inverse);
  const whole = bytes & ~15;
  let c: usize = 0;
  for (; c < whole; c += 16) {
    const deviation = f32x4.sub(f32x4.sub(v128.load(row + c), center), lack);
    const normal = f32x4.mul(deviation, factor);
    v128.store(row + c, f32x4.add(f32x4.mul(normal, v128.load(gain + c)), v128.load(offset + c)));
  }
  for (; c < bytes; c += 4) {
    const normal = (load<f32>(row + c) - mean - rest) * inverse;
    store<f32>(row + c, normal * load<f32>(gain + c) + load<f32>(offset + c));
  }
}

@inline
function sumOf(row: usize, bytes: usize, whole: usize): f32 {
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  let c: usize = 0;
  for (; c < whole; c += 32) {
    a = f32x4.add(a, v128.load(row + c));
    b = f32x4.add(b, v128.load(row + c, 16));
  }
  let total = sumOfLanes(f32x4.add(a, b));
  for (; c < bytes; c += 4) total += load<f32>(row + c);
  return total;
}

@inline
function sumOfLanes(four: v128): f32 {
  const first = f32x4.extract_lane(four, 0) + f32x4.extract_lane(four, 1);
  return first + (f32x4.extract_lane(four, 2) + f32x4.extract_lane(four, 3));
}
