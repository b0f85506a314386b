/**
 * Writes the sum of rows of `headDim` numbers, each times its weight and all times `scale`, to the row at `y`: some columns
 * at a time, whose sums stay in registers over all rows.
 *
 * @param rows where row 0 begins, `stride` bytes before row 1
 * @param list the rows' numbers, up to `end`
 * @param weights as many
 */
@inline
export function sumRows(
  y: usize,
  rows: usize,
  stride: usize,
  list: usize,
  end: usize,
  weights: usize,
  scale: f32,
  headDim: i32,
): void {
  const bytes = <usize>headDim << 2;
  let column: usize = 0;
  for (; column + 64 <= bytes; column += 64) {
    sumSixteen(y + column, rows + column, stride, list, end, weights, scale);
  }
  for (; column + 16 <= bytes; column += 16) {
    let sum = f32x4.splat(0);
    for (let entry = list, weight = weights; entry < end; entry += 4, weight += 4) {
      const row = rowAt(rows + column, stride, entry);
      sum = f32x4.add(sum, f32x4.mul(v128.load32_splat(weight), v128.load(row)));
    }
    v128.store(y + column, f32x4.mul(sum, f32x4.splat(scale)));
  }
  for (; column < bytes; column += 4) {
    let sum: f32 = 0;
    for (let entry = list, weight = weights; entry < end; entry += 4, weight += 4) {
      sum += load<f32>(weight) * load<f32>(rowAt(rows + column, stride, entry));
    }
    store<f32>(y + column, sum * scale);
  }
}

/** Sixteen columns, two rows at a time. */
@inline
function sumSixteen(
  y: usize,
  rows: usize,
  stride: usize,
  list: usize,
  end: usize,
  weights: usize,
  scale: f32,
): void {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  for (; list + 4 < end; list += 8, weights += 8) {
    const r = rowAt(rows, stride, list);
    const s = rowAt(rows, stride, list + 4);
    const u = v128.load32_splat(weights);
    const v = v128.load32_splat(weights + 4);
    a0 = f32x4.add(a0, f32x4.add(f32x4.mul(u, v128.load(r)), f32x4.mul(v, v128.load(s))));
    a1 = f32x4.add(a1, f32x4.add(f32x4.mul(u, v128.load(r, 16)), f32x4.mul(v, v128.load(s, 16))));
    a2 = f32x4.add(a2, f32x4.add(f32x4.mul(u, v128.load(r, 32)), f32x4.mul(v, v128.load(s, 32))));
    a3 = f32x4.add(a3, f32x4.add(f32x4.mul(u, v128.load(r, 48)), f32x4.mul(v, v128.load(s, 48))));
  }
  if (list < end) {
    const r = rowAt(rows, stride, list);
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

/** Where the row begins whose number stands in a list. */
@inline
function rowAt(rows: usize, stride: usize, entry: usize): usize {
  return rows + <usize>load<i32>(entry) * stride;
}
