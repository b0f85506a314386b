// GroupNorm and its gradient for one picture at a time, `[positions, channels]`, which may come in parts. A pass reads each
// of them; then its sums are pooled. Built by scripts/build-kernels.mjs.

/** Rows of one number a channel, `step` bytes apart; src/group-norm/kernel.ts numbers those that it uses alike. */
const enum Row {
  gain = 0,
  offset = 1,
  /** Of the group, but for rounding. */
  mean = 2,
  /** What that mean lacks. */
  rest = 3,
  /** 1 / deviation of the group. */
  inverse = 4,
  /** Sums of dy, and of dy times the deviation from `mean`; pooled, the group's means of g and g * n, g = dy * gain. */
  sums = 5,
  products = 6,
  /** Over all pictures. */
  gainGradient = 7,
  offsetGradient = 8,
}

/** Bytes that stay in the nearest cache while a pass reads their columns one after the other. */
const TILE: usize = 16384;

let rows: usize = 0;
let step: usize = 0;
let values: usize = 0;
let gradients: usize = 0;
/** Of a position, of a group's channels, of a tile. */
let bytes: usize = 0;
let groupBytes: usize = 0;
let tileBytes: usize = 0;
/** Of one number in the mean of its group. */
let share: f32 = 0;
let epsilon: f32 = 0;

@inline
function rowOf(row: Row): usize {
  return rows + <usize>row * step;
}

/** Addresses of the rows and, in parts, of x and of dy; the shape of a picture. */
export function start(
  rowsAt: usize,
  rowStep: usize,
  valuesAt: usize,
  gradientsAt: usize,
  positions: i32,
  channels: i32,
  groups: i32,
  addend: f32,
): void {
  rows = rowsAt;
  step = rowStep;
  values = valuesAt;
  gradients = gradientsAt;
  bytes = <usize>channels << 2;
  groupBytes = bytes / <usize>groups;
  tileBytes = max(4, min(64, TILE / bytes)) * bytes;
  share = <f32>(1.0 / (<f64>positions * <f64>(channels / groups)));
  epsilon = addend;
  memory.fill(rowOf(Row.gainGradient), 0, 2 * step);
}

/** Begins a picture. */
export function begin(): void {
  memory.fill(rowOf(Row.mean), 0, 5 * step);
}

/** Adds up x over the positions from `first` on. */
export function sum(first: i32, count: i32): void {
  const end = values + <usize>(first + count) * bytes;
  for (let at = values + <usize>first * bytes; at < end; at += tileBytes) sumTile(at, min(at + tileBytes, end));
}

// Columns are of four channels; at the end of a row they reach into the next one, whose numbers go nowhere.

function sumTile(first: usize, end: usize): void {
  const whole = first + (end - first) / (4 * bytes) * (4 * bytes);
  for (let c: usize = 0; c < bytes; c += 16) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let d = f32x4.splat(0);
    let e = f32x4.splat(0);
    let x = first + c;
    for (; x < whole; x += 4 * bytes) {
      a = f32x4.add(a, v128.load(x));
      b = f32x4.add(b, v128.load(x + bytes));
      d = f32x4.add(d, v128.load(x + 2 * bytes));
      e = f32x4.add(e, v128.load(x + 3 * bytes));
    }
    for (; x < end; x += bytes) a = f32x4.add(a, v128.load(x));
    addTo(Row.mean, c, f32x4.add(f32x4.add(a, b), f32x4.add(d, e)));
  }
}

export function poolSums(): void {
  pool(Row.mean);
}

/** Adds up deviations from the mean, and their squares. */
export function deviate(first: i32, count: i32): void {
  const end = values + <usize>(first + count) * bytes;
  for (let at = values + <usize>first * bytes; at < end; at += tileBytes) {
    deviateTile(at, min(at + tileBytes, end));
  }
}

function deviateTile(first: usize, end: usize): void {
  const whole = first + (end - first) / (2 * bytes) * (2 * bytes);
  for (let c: usize = 0; c < bytes; c += 16) {
    const mean = v128.load(rowOf(Row.mean) + c);
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let squareA = f32x4.splat(0);
    let squareB = f32x4.splat(0);
    let x = first + c;
    for (; x < whole; x += 2 * bytes) {
      const near = f32x4.sub(v128.load(x), mean);
      const next = f32x4.sub(v128.load(x + bytes), mean);
      a = f32x4.add(a, near);
      b = f32x4.add(b, next);
      squareA = f32x4.add(squareA, f32x4.mul(near, near));
      squareB = f32x4.add(squareB, f32x4.mul(next, next));
    }
    if (x < end) {
      const last = f32x4.sub(v128.load(x), mean);
      a = f32x4.add(a, last);
      squareA = f32x4.add(squareA, f32x4.mul(last, last));
    }
    addTo(Row.rest, c, f32x4.add(a, b));
    addTo(Row.inverse, c, f32x4.add(squareA, squareB));
  }
}

export function poolDeviations(): void {
  pool(Row.rest);
  pool(Row.inverse);
  for (let c: usize = 0; c < bytes; c += 4) {
    const rest = load<f32>(rowOf(Row.rest) + c);
    const variance = load<f32>(rowOf(Row.inverse) + c) - rest * rest;
    store<f32>(rowOf(Row.inverse) + c, 1 / sqrt<f32>(variance + epsilon));
  }
}

/** Replaces x by the result: (x - mean - rest) * inverse * gain + offset. */
export function apply(first: i32, count: i32): void {
  const end = values + <usize>(first + count) * bytes;
  for (let at = values + <usize>first * bytes; at < end; at += tileBytes) applyTile(at, min(at + tileBytes, end));
}

function applyTile(first: usize, end: usize): void {
  for (let c: usize = 0; c < bytes; c += 16) {
    const mean = v128.load(rowOf(Row.mean) + c);
    const scale = f32x4.mul(v128.load(rowOf(Row.gain) + c), v128.load(rowOf(Row.inverse) + c));
    const shift = f32x4.sub(v128.load(rowOf(Row.offset) + c), f32x4.mul(v128.load(rowOf(Row.rest) + c), scale));
    for (let at = first; at < end; at += bytes) {
      const deviation = f32x4.sub(v128.load(at + c), mean);
      put(at, c, f32x4.add(f32x4.mul(deviation, scale), shift));
    }
  }
}

/** Adds up dy, and dy times the deviation from the mean. */
export function multiply(first: i32, count: i32): void {
  const end = values + <usize>(first + count) * bytes;
  for (let at = values + <usize>first * bytes; at < end; at += tileBytes) {
    multiplyTile(at, min(at + tileBytes, end));
  }
}

function multiplyTile(first: usize, end: usize): void {
  const beyond = gradients - values;
  const whole = first + (end - first) / (2 * bytes) * (2 * bytes);
  for (let c: usize = 0; c < bytes; c += 16) {
    const mean = v128.load(rowOf(Row.mean) + c);
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let productA = f32x4.splat(0);
    let productB = f32x4.splat(0);
    let x = first + c;
    for (; x < whole; x += 2 * bytes) {
      const near = v128.load(x + beyond);
      const next = v128.load(x + beyond + bytes);
      a = f32x4.add(a, near);
      b = f32x4.add(b, next);
      productA = f32x4.add(productA, f32x4.mul(near, f32x4.sub(v128.load(x), mean)));
      productB = f32x4.add(productB, f32x4.mul(next, f32x4.sub(v128.load(x + bytes), mean)));
    }
    if (x < end) {
      const last = v128.load(x + beyond);
      a = f32x4.add(a, last);
      productA = f32x4.add(productA, f32x4.mul(last, f32x4.sub(v128.load(x), mean)));
    }
    addTo(Row.sums, c, f32x4.add(a, b));
    addTo(Row.products, c, f32x4.add(productA, productB));
  }
}

export function poolProducts(): void {
  for (let c: usize = 0; c < bytes; c += 4) {
    const gain = load<f32>(rowOf(Row.gain) + c);
    const dy = load<f32>(rowOf(Row.sums) + c);
    const deviations = load<f32>(rowOf(Row.products) + c) - load<f32>(rowOf(Row.rest) + c) * dy;
    const product = deviations * load<f32>(rowOf(Row.inverse) + c);
    store<f32>(rowOf(Row.sums) + c, dy * gain);
    store<f32>(rowOf(Row.products) + c, product * gain);
    const gainGradient = rowOf(Row.gainGradient) + c;
    const offsetGradient = rowOf(Row.offsetGradient) + c;
    store<f32>(gainGradient, load<f32>(gainGradient) + product);
    store<f32>(offsetGradient, load<f32>(offsetGradient) + dy);
  }
  pool(Row.sums);
  pool(Row.products);
}

/** Replaces dy by dx: (g - mean(g) - n * mean(g * n)) * inverse. */
export function differentiate(first: i32, count: i32): void {
  const end = values + <usize>(first + count) * bytes;
  for (let at = values + <usize>first * bytes; at < end; at += tileBytes) {
    differentiateTile(at, min(at + tileBytes, end));
  }
}

function differentiateTile(first: usize, end: usize): void {
  const beyond = gradients - values;
  for (let c: usize = 0; c < bytes; c += 16) {
    const mean = v128.load(rowOf(Row.mean) + c);
    const inverse = v128.load(rowOf(Row.inverse) + c);
    const scale = f32x4.mul(v128.load(rowOf(Row.gain) + c), inverse);
    const slope = f32x4.mul(f32x4.mul(v128.load(rowOf(Row.products) + c), inverse), inverse);
    const shift = f32x4.sub(
      f32x4.mul(v128.load(rowOf(Row.rest) + c), slope),
      f32x4.mul(v128.load(rowOf(Row.sums) + c), inverse),
    );
    for (let at = first; at < end; at += bytes) {
      const deviation = f32x4.sub(v128.load(at + c), mean);
      const own = f32x4.mul(v128.load(at + beyond + c), scale);
      put(at + beyond, c, f32x4.add(f32x4.sub(own, f32x4.mul(deviation, slope)), shift));
    }
  }
}

/** From sums over positions to the mean of each group, at each of its channels. */
function pool(row: Row): void {
  const end = rowOf(row) + bytes;
  for (let group = rowOf(row); group < end; group += groupBytes) {
    let total: f32 = 0;
    for (let c: usize = 0; c < groupBytes; c += 4) total += load<f32>(group + c);
    for (let c: usize = 0; c < groupBytes; c += 4) store<f32>(group + c, total * share);
  }
}

@inline
function addTo(row: Row, c: usize, sums: v128): void {
  const at = rowOf(row) + c;
  v128.store(at, f32x4.add(v128.load(at), sums));
}

/** Stores the channels from `c` on of the position at `at`, those that there are of four. */
@inline
function put(at: usize, c: usize, four: v128): void {
  if (c + 16 <= bytes) {
    v128.store(at + c, four);
    return;
  }
  store<f32>(at + c, f32x4.extract_lane(four, 0));
  if (c + 4 < bytes) store<f32>(at + c + 4, f32x4.extract_lane(four, 1));
  if (c + 8 < bytes) store<f32>(at + c + 8, f32x4.extract_lane(four, 2));
}
