import { mapCoordinate, NuwaError } from "@nuwa/tensor3d";
import { boxKeys } from "./box-keys.ts";
import { type AttentionPattern, describeExtent, type Extent } from "./pattern.ts";

/** The window's size (odd or Infinity), or its radius (`|offset| <= radius`), along each axis. */
export type NearbySize = { readonly extent: Extent } | { readonly radius: Extent };

export interface NearbyOptions {
  /** Keeps the keys at `centre + m * dilation`, `|m| <= radius`. Default 1 along each axis. */
  readonly dilation?: Partial<Extent>;
  /** `clip` drops what lies outside the grid; `shift` moves the window inward until it fits. Default `clip`. */
  readonly border?: "clip" | "shift";
}

const axes = ["height", "width", "frames"] as const;

/**
 * 3D nearby attention: a query attends the keys in a window around its mapped coordinate,
 * `O(n e_h e_w e_s)` pairs.
 *
 * @throws NuwaError `CONFIG` for an even extent, a negative radius, or `shift` together with dilation
 */
export function nearby(size: NearbySize, options: NearbyOptions = {}): AttentionPattern {
  const radius = radiusOf(size);
  const dilation = { height: 1, width: 1, frames: 1, ...options.dilation };
  const border = options.border ?? "clip";
  checkOptions(dilation, border);
  const extent = {
    height: 2 * radius.height + 1,
    width: 2 * radius.width + 1,
    frames: 2 * radius.frames + 1,
  };
  const dilated = axes.some((axis) => dilation[axis] !== 1);
  const window = border === "shift" ? shiftedWindow : clippedWindow;
  return {
    name: `nearby ${describeExtent(extent)}${dilated ? ` dilation ${describeExtent(dilation)}` : ""}${border === "shift" ? " shift" : ""}`,
    keysOf(query, queryGrid, keyGrid) {
      const centre = mapCoordinate(query, queryGrid, keyGrid);
      const frames = window(centre.frame, keyGrid.frames, radius.frames, dilation.frames);
      const rows = window(centre.row, keyGrid.height, radius.height, dilation.height);
      const columns = window(centre.column, keyGrid.width, radius.width, dilation.width);
      return boxKeys(keyGrid, { frames, rows, columns });
    },
  };
}

/** Positions `centre + m * step` inside `[0, size)` with `|m| <= radius`, ascending. */
function clippedWindow(centre: number, size: number, radius: number, step: number): number[] {
  const positions: number[] = [];
  const below = Math.min(radius, Math.floor(centre / step));
  const above = Math.min(radius, Math.floor((size - 1 - centre) / step));
  for (let m = -below; m <= above; m++) positions.push(centre + m * step);
  return positions;
}

/** As many positions as the window has, or the grid where it is smaller; moved inward at borders. */
function shiftedWindow(centre: number, size: number, radius: number): number[] {
  const count = Math.min(2 * radius + 1, size);
  const first = Math.min(Math.max(centre - radius, 0), size - count);
  return Array.from({ length: count }, (_, index) => first + index);
}

function radiusOf(size: NearbySize): Extent {
  if ("radius" in size) {
    for (const axis of axes) {
      const radius = size.radius[axis];
      if (radius === Infinity || (Number.isInteger(radius) && radius >= 0)) continue;
      throw new NuwaError(
        "CONFIG",
        `nearby: radius.${axis} must be a whole number of at least 0, got ${radius}. Use 0, 1, ... or Infinity.`,
      );
    }
    return size.radius;
  }
  const half = (axis: keyof Extent): number => {
    const extent = size.extent[axis];
    if (extent === Infinity || (extent > 0 && extent % 2 === 1)) return (extent - 1) / 2;
    throw new NuwaError(
      "CONFIG",
      `nearby: extent.${axis} must be odd, got ${extent}. Use 1, 3, 5, ... or Infinity.`,
    );
  };
  return { height: half("height"), width: half("width"), frames: half("frames") };
}

function checkOptions(dilation: Extent, border: string): void {
  for (const axis of axes) {
    const step = dilation[axis];
    if (Number.isInteger(step) && step >= 1) continue;
    throw new NuwaError(
      "CONFIG",
      `nearby: dilation.${axis} must be a whole number of at least 1, got ${step}.`,
    );
  }
  if (border !== "clip" && border !== "shift") {
    throw new NuwaError("CONFIG", `nearby: border must be "clip" or "shift", got ${JSON.stringify(border)}.`);
  }
  if (border === "shift" && axes.some((axis) => dilation[axis] !== 1)) {
    throw new NuwaError(
      "CONFIG",
      'nearby: border "shift" does not go with dilation. Use border "clip", or dilation 1.',
    );
  }
}
