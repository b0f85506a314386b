import { NuwaError } from "@nuwa/tensor3d";
import { downsampling, type VqConfig } from "./config.ts";
import { type Span, tileSpans } from "./tile-spans.ts";

export interface TileProgress {
  /** Tiles that are done. */
  readonly done: number;
  readonly total: number;
}

export interface TileOptions {
  /**
   * Largest side of a tile in pixels, a multiple of the downsampling F. Default: for "local" networks 256, or the
   * multiple of F next below (F at least); for "taming" networks the resolution of their training pictures.
   */
  readonly tile?: number;
  /**
   * Pixels that neighbouring tiles share, a multiple of F below `tile`. Default: a quarter of the tile; for "local"
   * networks what exactness takes where that is more, and at most half the tile.
   */
  readonly overlap?: number;
  /** Aborting rejects with the signal's reason after the current tile. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TileProgress) => void;
}

/** Tiles in codes: every one of `rows` with every one of `columns`. */
export interface TilePlan {
  readonly rows: readonly Span[];
  readonly columns: readonly Span[];
  /** Codes that neighbours share. */
  readonly overlap: number;
}

/**
 * @param size rows and columns of codes
 * @param reach how many codes the network looks beyond its own
 * @throws NuwaError `INPUT` for a tile or overlap that does not fit
 */
export function planTiles(
  config: VqConfig,
  size: readonly [number, number],
  reach: number,
  options: TileOptions,
): TilePlan {
  const side = downsampling(config);
  const usual = config.architecture === "taming" ? config.resolution : Math.max(side, 256 - (256 % side));
  const tile = (options.tile ?? usual) / side;
  if (!Number.isInteger(tile) || tile < 1) {
    throw new NuwaError("INPUT", `tile: wanted a positive multiple of ${side} pixels, got ${options.tile}.`);
  }
  const quarter = Math.floor(tile / 4);
  const exact = 2 * reach <= tile / 2 ? Math.max(quarter, 2 * reach) : quarter;
  const overlap = options.overlap === undefined ? exact : options.overlap / side;
  if (!Number.isInteger(overlap) || overlap < 0 || overlap >= tile) {
    throw new NuwaError(
      "INPUT",
      `overlap: wanted a multiple of ${side} pixels, 0 or more and below the tile's ${tile * side}, got ${options.overlap}.`,
    );
  }
  const [rows, columns] = size.map((length) => tileSpans(length, tile, overlap));
  return { rows, columns, overlap };
}
