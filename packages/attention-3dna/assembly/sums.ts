import { Job, placeAt } from "./job";

/**
 * Writes the sum of a query's key or value rows, each times its weight and all times `scale`, to the row at `y`: some
 * columns at a time, whose sums stay in registers over all rows.
 */
@inline
export function sumRows(job: Job, y: usize, rows: usize, first: i32, end: i32, weights: usize, scale: f32): void {
  const list = <usize>job.keys + (<usize>first << 2);
  const last = <usize>job.keys + (<usize>end << 2);
  const stride = <usize>job.keyTokenStride;
  const bytes = <usize>job.headDim << 2;
  let column: usize = 0;
  for (; column + 64 <= bytes; column += 64) {
    sumSixteen(y + column, rows + column, stride, list, last, weights, scale);
  }
  for (; column + 16 <= bytes; column += 16) {
    let sum = f32x4.splat(0);
    for (let entry = list, weight = weights; entry < last; entry += 4, weight += 4) {
      const row = rows + column + placeAt(entry, 0, stride);
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weight), v128.load(row)));
    }
    v128.store(y + column, f32x4.mul(sum, f32x4.splat(scale)));
  }
  for (; column < bytes; column += 4) {
    let sum: f32 = 0;
    for (let entry = list, weight = weights; entry < last; entry += 4, weight += 4) {
      sum += load<f32>(weight) * load<f32>(rows + column + placeAt(entry, 0, stride));
    }
    store<f32>(y + column, sum * scale);
  }
}

/** Sixteen columns, two rows at a time: those whose numbers stand in `list`, up to `last`. */
@inline
function sumSixteen(
  y: usize,
  rows: usize,
  stride: usize,
  list: usize,
  last: usize,
  weights: usize,
  scale: f32,
): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  for (; list + 4 < last; list += 8, weights += 8) {
    const r = rows + placeAt(list, 0, stride);
    const s = rows + placeAt(list, 1, stride);
    const u = v128.load32_splat(weights);
    const v = v128.load32_splat(weights + 4);
    a0 = f32x4.add(a0, f32x4.add(f32x4.mul(u, v128.load(r)), f32x4.mul(v, v128.load(s))));
    a1 = f32x4.add(a1, f32x4.add(f32x4.mul(u, v128.load(r, 16)), f32x4.mul(v, v128.load(s, 16))));
    a2 = f32x4.add(a2, f32x4.add(f32x4.mul(u, v128.load(r, 32)), f32x4.mul(v, v128.load(s, 32))));
    a3 = f32x4.add(a3, f32x4.add(f32x4.mul(u, v128.load(r, 48)), f32x4.mul(v, v128.load(s, 48))));
  }
  if (list < last) {
    const r = rows + placeAt(list, 0, stride);
    const u = v128.load32_splat(weights);
    a0 = f32x4.add(a0, f32x4.mul(u, v128.load(r)));
    a1 = f32x4.add(a1, f32x4.mul(u, v128.load(r, 16)));
    a2 = f32x4.add(a2, f32x4.mul(u, v128.load(r, 32)));
    a3 = f32x4.add(a3, f32x4.mul(u, v128.load(r, 48)));
  }
  const factor = f32x4.splat(scale);
  v128.store(y, f32x4.mul(a0, factor));
  v128.store(y, f32x4.mul(a1, factor), 16);
  v128.store(y, f32x4.mul(a2, factor), 32);
  v128.store(y, f32x4.mul(a3, factor), 48);
}
