/**
 * How a workgroup divides its work: `rows` rows of the result, each by `lanes` threads, whose thread `lane` holds the
 * units `lane, lane + lanes, ...` of a row, so that neighbouring threads read neighbouring memory. A unit is one
 * number, or a `vec4` where the head dim allows.
 */
export interface Tile {
  readonly headDim: number;
  /** Numbers in a unit. */
  readonly width: 1 | 4;
  readonly units: number;
  readonly lanes: number;
  readonly rows: number;
  /** Units a thread holds, the last one perhaps beyond the row. */
  readonly slices: number;
}

/** Threads of a workgroup; every device runs 256. */
export const threads = 64;

/** Table entries of each row between two barriers. */
export const chunk = 16;

/**
 * On a GPU a thread holds about 16 numbers of each row, so that many threads fit side by side; a CPU adapter pays dearly
 * for barriers, and runs rows of one thread.
 */
export function tileOf(headDim: number, onCpu: boolean): Tile {
  const width = headDim % 4 === 0 ? 4 : 1;
  const units = headDim / width;
  let lanes = 1;
  while (!onCpu && lanes < 8 && lanes * 16 < headDim) lanes *= 2;
  return { headDim, width, units, lanes, rows: threads / lanes, slices: Math.ceil(units / lanes) };
}

/** Constants and the unit type. */
export function tileCode({ width, units, lanes, rows }: Tile, entryStride: number): string {
  return `
    alias Unit = ${width === 4 ? "vec4<f32>" : "f32"};
    const lanes = ${lanes};
    const rows = ${rows};
    const units = ${units};
    const chunk = ${chunk};
    const threads = ${threads};
    const entryStride = ${entryStride};
    const lowest = -3.4028234e38;
    fn inner(a: Unit, b: Unit) -> f32 { return ${width === 4 ? "dot(a, b)" : "a * b"}; }`;
}

/** Up to so many slices are written out, so that they stay in registers; more are a loop, for the compiler's sake. */
const mostWrittenOut = 16;

export function isWrittenOut({ slices }: Tile): boolean {
  return slices <= mostWrittenOut;
}

/** Code for each slice of a thread. The code sees `unit`, its unit within a row, which is always inside. */
export function eachSlice(tile: Tile, code: (slice: string) => string): string {
  const { slices, lanes, units } = tile;
  const full = slices * lanes === units;
  if (isWrittenOut(tile)) {
    return Array.from({ length: slices }, (_, slice) => {
      const unit = `lane + ${slice * lanes}`;
      const inside = full || slice < slices - 1 ? unit : `min(${unit}, units - 1)`;
      return `{ let unit = ${inside}; ${code(String(slice))} }`;
    }).join("\n");
  }
  const unit = "lane + slice * lanes";
  return `for (var slice = 0; slice < ${slices}; slice++) {
          let unit = ${full ? unit : `min(${unit}, units - 1)`};
          ${code("slice")}
        }`;
}

/** The same for slices that lie within the row. */
export function eachSliceInside(tile: Tile, code: (slice: string) => string): string {
  const { slices, lanes, units } = tile;
  if (slices * lanes === units) return eachSlice(tile, code);
  return eachSlice(tile, (slice) => `if (lane + ${slice} * lanes < units) { ${code(slice)} }`);
}
