/** The sums of the lanes of four vectors, as one vector. */
@inline
export function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

@inline
export function sumOfLanes(a: v128): f32 {
  return (
    f32x4.extract_lane(a, 0) + f32x4.extract_lane(a, 1) + (f32x4.extract_lane(a, 2) + f32x4.extract_lane(a, 3))
  );
}

/** Without branches; whether it gives a NaN that is among them depends on the NaN's place. */
@inline
export function maxOfLanes(a: v128): f32 {
  const pairs = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  return f32x4.extract_lane(f32x4.pmax(pairs, v128.shuffle<f32>(pairs, pairs, 1, 0, 3, 2)), 0);
}

/** `a` in the first `count` lanes, zeros in the rest. */
@inline
export function firstLanes(a: v128, count: i32): v128 {
  return v128.and(a, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** Writes the first `count` lanes: all where it is four or more. */
@inline
export function storeLanes(at: usize, a: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, a);
    return;
  }
  v128.store_lane<f32>(at, a, 0);
  if (count > 1) v128.store_lane<f32>(at, a, 1, 4);
  if (count > 2) v128.store_lane<f32>(at, a, 2, 8);
}

/**
 * e^x for x <= 0, to 2e-7 relative; 0 below -86.6, NaN for NaN. By x = n ln 2 + r, |r| <= ln(2) / 2, and the Taylor series
 * of e^r to the seventh power, in pairs of terms, so that they need not wait for each other.
 */
@inline
export function exp4(x: v128): v128 {
  // Adding 1.5 * 2^23 leaves no bits for a fraction: n, rounded, stands in the lowest bits.
  const magic = f32x4.splat(12582912);
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896)), magic);
  const n = f32x4.sub(shifted, magic);
  // ln 2 in two parts: the first has few bits, so that n times it is exact.
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, f32x4.splat(2.12194440e-4)));
  const r2 = f32x4.mul(r, r);
  const r4 = f32x4.mul(r2, r2);
  const terms01 = f32x4.add(f32x4.splat(1), r);
  const terms23 = f32x4.add(f32x4.splat(0.5), f32x4.mul(r, f32x4.splat(1.0 / 6.0)));
  const terms45 = f32x4.add(f32x4.splat(1.0 / 24.0), f32x4.mul(r, f32x4.splat(1.0 / 120.0)));
  const terms67 = f32x4.add(f32x4.splat(1.0 / 720.0), f32x4.mul(r, f32x4.splat(1.0 / 5040.0)));
  const low = f32x4.add(terms01, f32x4.mul(r2, terms23));
  const sum = f32x4.add(low, f32x4.mul(r4, f32x4.add(terms45, f32x4.mul(r2, terms67))));
  const power = i32x4.add(sum, i32x4.shl(shifted, 23)); // n more in the exponent
  return v128.andnot(power, f32x4.lt(x, f32x4.splat(-86.6)));
}

/** The dot products of the row at `x` with four rows, `count` numbers each. */
@inline
export function dot4(x: usize, r0: usize, r1: usize, r2: usize, r3: usize, count: i32): v128 {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  let a2 = f32x4.splat(0);
  let a3 = f32x4.splat(0);
  const bytes = <usize>count << 2;
  const whole = bytes & ~15;
  let c: usize = 0;
  for (; c < whole; c += 16) {
    const own = v128.load(x + c);
    a0 = f32x4.add(a0, f32x4.mul(own, v128.load(r0 + c)));
    a1 = f32x4.add(a1, f32x4.mul(own, v128.load(r1 + c)));
    a2 = f32x4.add(a2, f32x4.mul(own, v128.load(r2 + c)));
    a3 = f32x4.add(a3, f32x4.mul(own, v128.load(r3 + c)));
  }
  let sums = sumLanes(a0, a1, a2, a3);
  for (; c < bytes; c += 4) {
    const rest = f32x4(load<f32>(r0 + c), load<f32>(r1 + c), load<f32>(r2 + c), load<f32>(r3 + c));
    sums = f32x4.add(sums, f32x4.mul(v128.load32_splat(x + c), rest));
  }
  return sums;
}

/** The dot products of the row at `x` with two rows, `count` numbers each, twice: by `r0`, `r1`, `r0` and `r1`. */
@inline
export function dot2(x: usize, r0: usize, r1: usize, count: i32): v128 {
  let a0 = f32x4.splat(0);
  let a1 = f32x4.splat(0);
  const bytes = <usize>count << 2;
  const whole = bytes & ~15;
  let c: usize = 0;
  for (; c < whole; c += 16) {
    const own = v128.load(x + c);
    a0 = f32x4.add(a0, f32x4.mul(own, v128.load(r0 + c)));
    a1 = f32x4.add(a1, f32x4.mul(own, v128.load(r1 + c)));
  }
  let sums = sumLanes(a0, a1, a0, a1);
  for (; c < bytes; c += 4) {
    const first = load<f32>(r0 + c);
    const second = load<f32>(r1 + c);
    const rest = f32x4(first, second, first, second);
    sums = f32x4.add(sums, f32x4.mul(v128.load32_splat(x + c), rest));
  }
  return sums;
}

/**
 * Adds four rows of `count` numbers, each times its own lane of `factors`, to the row at `y`, or writes the sum there
 * where nothing stands yet.
 */
@inline
export function addRows4(
  y: usize,
  fresh: bool,
  factors: v128,
  r0: usize,
  r1: usize,
  r2: usize,
  r3: usize,
  count: i32,
): void {
  const f0 = v128.shuffle<f32>(factors, factors, 0, 0, 0, 0);
  const f1 = v128.shuffle<f32>(factors, factors, 1, 1, 1, 1);
  const f2 = v128.shuffle<f32>(factors, factors, 2, 2, 2, 2);
  const f3 = v128.shuffle<f32>(factors, factors, 3, 3, 3, 3);
  const bytes = <usize>count << 2;
  const whole = bytes & ~15;
  let c: usize = 0;
  for (; c < whole; c += 16) {
    const first = f32x4.add(f32x4.mul(f0, v128.load(r0 + c)), f32x4.mul(f1, v128.load(r1 + c)));
    const second = f32x4.add(f32x4.mul(f2, v128.load(r2 + c)), f32x4.mul(f3, v128.load(r3 + c)));
    const sum = f32x4.add(first, second);
    v128.store(y + c, fresh ? sum : f32x4.add(v128.load(y + c), sum));
  }
  for (; c < bytes; c += 4) {
    const rest = f32x4(load<f32>(r0 + c), load<f32>(r1 + c), load<f32>(r2 + c), load<f32>(r3 + c));
    const sum = sumOfLanes(f32x4.mul(factors, rest));
    store<f32>(y + c, fresh ? sum : load<f32>(y + c) + sum);
  }
}

/** As `addRows4`, with two rows and the first two lanes of `factors`. */
@inline
export function addRows2(y: usize, fresh: bool, factors: v128, r0: usize, r1: usize, count: i32): void {
  const f0 = v128.shuffle<f32>(factors, factors, 0, 0, 0, 0);
  const f1 = v128.shuffle<f32>(factors, factors, 1, 1, 1, 1);
  const bytes = <usize>count << 2;
  const whole = bytes & ~15;
  let c: usize = 0;
  for (; c < whole; c += 16) {
    const sum = f32x4.add(f32x4.mul(f0, v128.load(r0 + c)), f32x4.mul(f1, v128.load(r1 + c)));
    v128.store(y + c, fresh ? sum : f32x4.add(v128.load(y + c), sum));
  }
  for (; c < bytes; c += 4) {
    const first = f32x4.extract_lane(factors, 0) * load<f32>(r0 + c);
    const sum = first + f32x4.extract_lane(factors, 1) * load<f32>(r1 + c);
    store<f32>(y + c, fresh ? sum : load<f32>(y + c) + sum);
  }
}
