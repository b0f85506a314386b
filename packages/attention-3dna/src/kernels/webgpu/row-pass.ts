import type { RowLayout } from "../layout.ts";
import { chunk, eachSlice, eachSliceInside, isWrittenOut, type Tile, threads, tileCode } from "./tile.ts";

/**
 * A pass over all (row, entry) pairs of a table. The rows' tensors are called "own", the entries' "other": queries and
 * keys, or in a pass by key the reverse. The code sees, for a thread: `lane`, `row` (flat over batch, head and
 * token), and `own` and `other`, where its rows begin, in units.
 */
export interface RowPass {
  readonly tile: Tile;
  /** Whether the table's entries carry a column of the bias. */
  readonly biased: boolean;
  /** The inner products that each pair needs, `dot0`, `dot1`, ...: an own and an other tensor each. */
  readonly dots: readonly (readonly [own: string, other: string])[];
  /** Declarations of a thread's variables. */
  readonly declare: string;
  /** For each pair, by one thread of its row. Sees the dots, `score` and `otherToken`. */
  readonly combine?: string;
  /** Expressions after `combine`, which every thread of the row then sees as `weight0`, `weight1`, .... */
  readonly weights: readonly string[];
  /** For each pair, by every thread of its row. */
  readonly accumulate: string;
  /** After the last pair, by all threads, of a row of several threads only; barriers are allowed. */
  readonly gather?: string;
  /** At the end, where the row is inside. */
  readonly finish: string;
}

/** Uniforms of a pass: `own` lays out the result's rows. All strides count units. */
export function passIntegers(tile: Tile, own: RowLayout, other: RowLayout): Record<string, number> {
  const { width } = tile;
  return {
    rowCount: own.batch * own.heads * own.tokens,
    heads: own.heads,
    ownTokens: own.tokens,
    ownBatch: own.batchStride / width,
    ownHead: own.headStride / width,
    ownToken: own.tokenStride / width,
    otherTokens: other.tokens,
    otherBatch: other.batchStride / width,
    otherHead: other.headStride / width,
    otherToken: other.tokenStride / width,
  };
}

export function passWorkgroups({ rows }: Tile, own: RowLayout): number {
  return Math.ceil((own.batch * own.heads * own.tokens) / rows);
}

/** Rows of one thread need no barriers; rows of several share out the pairs of a chunk. */
export function passCode(pass: RowPass): string {
  const { tile, biased, dots } = pass;
  const loop = tile.lanes === 1 ? threadLoop(pass) : lanesLoop(pass);
  return `
    ${tileCode(tile, biased ? 2 : 1)}
    ${loop.globals}
    fn main() {
      let thread = i32(localIndex);
      let lane = thread % lanes;
      let local = thread / lanes;
      let row = i32(workgroupId.y * numWorkgroups.x + workgroupId.x) * rows + local;
      let inside = row < uniforms.rowCount;
      let plane = min(row, uniforms.rowCount - 1) / uniforms.ownTokens;
      let token = min(row, uniforms.rowCount - 1) % uniforms.ownTokens;
      let batch = plane / uniforms.heads;
      let head = plane % uniforms.heads;
      let own = batch * uniforms.ownBatch + head * uniforms.ownHead + token * uniforms.ownToken;
      let others = batch * uniforms.otherBatch + head * uniforms.otherHead;
      let begin = table[token];
      let length = select(0, table[token + 1] - begin, inside);
      let entries = uniforms.ownTokens + 1 + begin * entryStride;
      ${isWrittenOut(tile) ? dots.map(([own], dot) => ownCode(tile, own, dot)).join("\n") : ""}
      ${pass.declare}
      ${loop.code}
      if (inside) {
        ${pass.finish}
      }
    }`;
}

function threadLoop(pass: RowPass): { globals: string; code: string } {
  const { dots, weights } = pass;
  return {
    globals: "",
    code: `
      for (var pair = 0; pair < length; pair++) {
        let entry = entries + pair * entryStride;
        let otherToken = table[entry];
        let other = others + otherToken * uniforms.otherToken;
        ${dots.map((_, dot) => `var dot${dot} = 0.0;`).join("\n")}
        ${productCode(pass, (dot) => `dot${dot}`)}
        ${combineCode(pass)}
        ${weights.map((weight, index) => `let weight${index} = ${weight};`).join("\n")}
        ${pass.accumulate}
      }`,
  };
}

/** Threads and one, so that threads which read different pairs read different banks. */
const pitch = threads + 1;

/**
 * Chunk by chunk: each thread multiplies its units of the own and the other row; then the row's threads share out the
 * pairs, add up the parts and combine them; then each accumulates all pairs into its units.
 */
function lanesLoop(pass: RowPass): { globals: string; code: string } {
  const { tile, dots, weights } = pass;
  return {
    globals: `
    var<workgroup> lengths: array<i32, ${tile.rows}>;
    var<workgroup> longest: i32;
    ${dots.map((_, dot) => `var<workgroup> parts${dot}: array<f32, ${chunk * pitch}>;`).join("\n")}
    ${weights.map((_, index) => `var<workgroup> weights${index}: array<f32, ${tile.rows * (chunk + 1)}>;`).join("\n")}`,
    code: `
      if (lane == 0) { lengths[local] = length; }
      workgroupBarrier();
      if (thread == 0) {
        var most = 0;
        for (var index = 0; index < rows; index++) { most = max(most, lengths[index]); }
        longest = most;
      }
      let end = workgroupUniformLoad(&longest);
      let slots = local * (chunk + 1);
      for (var start = 0; start < end; start += chunk) {
        let count = min(chunk, length - start);
        let first = entries + start * entryStride;
        for (var pair = 0; pair < count; pair++) {
          let other = others + table[first + pair * entryStride] * uniforms.otherToken;
          ${dots.map((_, dot) => `var sum${dot} = 0.0;`).join("\n")}
          ${productCode(pass, (dot) => `sum${dot}`)}
          ${dots.map((_, dot) => `parts${dot}[pair * ${pitch} + thread] = sum${dot};`).join("\n")}
        }
        workgroupBarrier();
        for (var pair = lane; pair < count; pair += lanes) {
          let entry = first + pair * entryStride;
          let otherToken = table[entry];
          let parts = pair * ${pitch} + local * lanes;
          ${dots.map((_, dot) => `var dot${dot} = 0.0;`).join("\n")}
          for (var part = 0; part < lanes; part++) {
            ${dots.map((_, dot) => `dot${dot} += parts${dot}[parts + part];`).join("\n")}
          }
          ${combineCode(pass)}
          ${weights.map((weight, index) => `weights${index}[slots + pair] = ${weight};`).join("\n")}
        }
        workgroupBarrier();
        ${
          pass.accumulate &&
          `for (var pair = 0; pair < count; pair++) {
          let other = others + table[first + pair * entryStride] * uniforms.otherToken;
          ${weights.map((_, index) => `let weight${index} = weights${index}[slots + pair];`).join("\n")}
          ${pass.accumulate}
        }`
        }
      }
      ${pass.gather ?? ""}`,
  };
}

function combineCode({ biased, combine = "" }: RowPass): string {
  const bias = biased ? " + bias[head * uniforms.columns + table[entry + 1]]" : "";
  return `let score = dot0 * uniforms.scale${bias};
          ${combine}`;
}

/** The thread's units of the own rows, zero beyond the row. */
function ownCode(tile: Tile, name: string, dot: number): string {
  return `var own${dot}: array<Unit, ${tile.slices}>;
      ${eachSliceInside(tile, (slice) => `own${dot}[${slice}] = ${name}[own + unit];`)}`;
}

/** Adds the thread's part of the inner products to `sum(dot)`. */
function productCode({ tile, dots }: RowPass, sum: (dot: number) => string): string {
  const each = isWrittenOut(tile) ? eachSlice : eachSliceInside;
  return each(tile, (slice) =>
    dots
      .map(([own, other], dot) => {
        const mine = isWrittenOut(tile) ? `own${dot}[${slice}]` : `${own}[own + unit]`;
        return `${sum(dot)} += inner(${mine}, ${other}[other + unit]);`;
      })
      .join(" "),
  );
}
