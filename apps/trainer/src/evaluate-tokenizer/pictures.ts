import type { ImageCombination, MovingOpenMoji, OpenMojiSample, Position } from "@nuwa/data";
import type { Rng } from "@nuwa/tensor3d";
import { TOKEN_SHIFTS, type TokenShift } from "./stability.ts";

/** Pictures of one kind that a tokenizer is evaluated on. */
export interface PictureSet {
  readonly dataset: MovingOpenMoji;
  readonly combinations: readonly ImageCombination[];
  /** Whether training left these combinations out. */
  readonly heldOut: boolean;
  /** The tokenizer's class of each class of the data's segmentations, where these differ. */
  readonly classes?: readonly number[];
}

/** A picture, and the shift by a token that keeps its sprite within the frame, if one does. */
export interface PicturePlace {
  readonly combination: ImageCombination;
  readonly position: Position;
  readonly shift?: TokenShift;
}

/**
 * Draws pictures one after another: a combination, an aligned position, a shift to the right or down.
 *
 * @param tokenSide pixels along a side of a token
 */
export function nextPlace({ dataset, combinations }: PictureSet, tokenSide: number, rng: Rng): PicturePlace {
  const position = choose(dataset.positions, rng);
  const room = dataset.config.size - dataset.config.spriteSize;
  const shifts = TOKEN_SHIFTS.filter(
    ({ rows, columns }) =>
      position.row + rows * tokenSide <= room && position.column + columns * tokenSide <= room,
  );
  const combination = choose(combinations, rng);
  return { combination, position, shift: shifts.length > 0 ? choose(shifts, rng) : undefined };
}

/** The picture of a place; with `shifted` pixels the same one, its sprite that much further along the shift. */
export function drawPicture(
  { dataset }: PictureSet,
  { combination, position, shift }: PicturePlace,
  shifted = 0,
): OpenMojiSample {
  const { rows, columns } = shift ?? { rows: 0, columns: 0 };
  const row = position.row + rows * shifted;
  const column = position.column + columns * shifted;
  return dataset.drawImage({ ...combination, position: { row, column } });
}

function choose<Item>(items: readonly Item[], rng: Rng): Item {
  return items[rng.integers(1, items.length)[0]];
}
