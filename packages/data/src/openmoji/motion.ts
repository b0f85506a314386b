import type { Config } from "./config.ts";

/** Upper left corner of the sprite's square, in pixels from the frame's upper left corner. */
export interface Position {
  readonly row: number;
  readonly column: number;
}

/** How a sprite lies in one frame: its upright square, then scaled and turned about the square's centre. */
export interface Pose extends Position {
  /** 1 is the sprite's own size. */
  readonly scale: number;
  /** Degrees, clockwise. */
  readonly angle: number;
}

interface Motion {
  /** The end of the caption. */
  readonly phrase: string;
  /** Signs of the movement along rows (down is +1) and columns (right is +1). */
  readonly direction?: readonly [rows: number, columns: number];
}

/** What a sprite can do, with the words that end its caption. */
export const motions = {
  right: { phrase: "moving right", direction: [0, 1] },
  left: { phrase: "moving left", direction: [0, -1] },
  up: { phrase: "moving up", direction: [-1, 0] },
  down: { phrase: "moving down", direction: [1, 0] },
  "up-right": { phrase: "moving up right", direction: [-1, 1] },
  "up-left": { phrase: "moving up left", direction: [-1, -1] },
  "down-right": { phrase: "moving down right", direction: [1, 1] },
  "down-left": { phrase: "moving down left", direction: [1, -1] },
  bounce: { phrase: "bouncing" },
  grow: { phrase: "growing" },
  shrink: { phrase: "shrinking" },
  spin: { phrase: "spinning" },
  still: { phrase: "standing still" },
} as const satisfies Record<string, Motion>;

export type MotionName = keyof typeof motions;

/** The size of a sprite at the small end of growing and shrinking. */
const smallScale = 0.5;

type Geometry = Pick<Config, "size" | "spriteSize" | "frames" | "pixelsPerFrame" | "align" | "placement">;

/** Pixels that a directed motion covers from the first frame to the last. */
export function travelOf({ frames, pixelsPerFrame }: Geometry): number {
  return (frames - 1) * pixelsPerFrame;
}

/** Offsets from 0 to `size - spriteSize` that are multiples of `align`, ascending. */
function alignedOffsets({ size, spriteSize, align }: Geometry): number[] {
  const count = Math.floor((size - spriteSize) / align) + 1;
  return Array.from({ length: count }, (_, index) => index * align);
}

/** The aligned offsets of an axis along which nothing moves: all of them, or the one nearest to the centre. */
function freeOffsets(geometry: Geometry): number[] {
  const offsets = alignedOffsets(geometry);
  if (geometry.placement === "random") return offsets;
  return [offsets.reduce((best, offset) => nearerToCentre(best, offset, geometry))];
}

/** Where an image's sprite may lie, row by row: every aligned position, or the middle one. */
export function imagePositions(geometry: Geometry): Position[] {
  const offsets = freeOffsets(geometry);
  return offsets.flatMap((row) => offsets.map((column) => ({ row, column })));
}

/**
 * Where a motion may start so that the sprite stays within the frame: along an axis that it moves, the far
 * side (0, or the last aligned offset, or where that is too near, `size - spriteSize`); along the other, all
 * aligned offsets (`placement: "random"`) or the middle one (`"centre"`). A bounce starts at the bottom; a
 * spin is centred, for its corners need room.
 */
export function motionStarts(name: MotionName, geometry: Geometry): Position[] {
  const offsets = alignedOffsets(geometry);
  const free = freeOffsets(name === "spin" ? { ...geometry, placement: "centre" } : geometry);
  const far = (sign: number) => {
    if (sign === 0) return free;
    if (sign > 0) return [0];
    const last = offsets[offsets.length - 1];
    return [last >= travelOf(geometry) ? last : geometry.size - geometry.spriteSize];
  };
  const direction = directionOf(name);
  const rows = name === "bounce" ? [offsets[offsets.length - 1]] : far(direction[0]);
  const columns = far(direction[1]);
  return rows.flatMap((row) => columns.map((column) => ({ row, column })));
}

/** One pose a frame. Growing and shrinking go linearly between half and full size; a spin is one turn. */
export function motionPath(name: MotionName, start: Position, geometry: Geometry): Pose[] {
  const { frames, pixelsPerFrame } = geometry;
  const [rows, columns] = directionOf(name);
  const last = Math.max(1, frames - 1);
  const grown = (progress: number) => smallScale + (1 - smallScale) * progress;
  return Array.from({ length: frames }, (_, frame) => ({
    row:
      start.row +
      rows * frame * pixelsPerFrame -
      (name === "bounce" ? bounceHeight(frame, start, geometry) : 0),
    column: start.column + columns * frame * pixelsPerFrame,
    scale: name === "grow" ? grown(frame / last) : name === "shrink" ? grown(1 - frame / last) : 1,
    angle: name === "spin" ? (360 * frame) / frames : 0,
  }));
}

function directionOf(name: MotionName): readonly [number, number] {
  const motion: Motion = motions[name];
  return motion.direction ?? [0, 0];
}

/** Up and down again within the clip, `pixelsPerFrame` a frame, as often as the frame's height makes it turn. */
function bounceHeight(frame: number, start: Position, { frames, pixelsPerFrame }: Geometry): number {
  const half = Math.max(1, Math.floor((frames - 1) / 2));
  const steps = Math.min(half, Math.floor(start.row / pixelsPerFrame));
  if (steps === 0) return 0;
  const phase = frame % (2 * steps);
  return pixelsPerFrame * (phase <= steps ? phase : 2 * steps - phase);
}

function nearerToCentre(best: number, offset: number, { size, spriteSize }: Geometry): number {
  const centre = (size - spriteSize) / 2;
  return Math.abs(offset - centre) < Math.abs(best - centre) ? offset : best;
}
