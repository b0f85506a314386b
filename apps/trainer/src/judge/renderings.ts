import type {
  ImageCombination,
  MovingOpenMoji,
  OpenMojiSample,
  Position,
  VideoCombination,
} from "@nuwa/data";
import type { Rng } from "@nuwa/tensor3d";

/** Positions that a judge never trains on: every fifth diagonal. */
export function isUnseenPosition({ row, column }: Position): boolean {
  return (row + column) % 5 === 0;
}

/** An image at any pixel position, trained or unseen ones. */
export function renderImage(
  dataset: MovingOpenMoji,
  combination: ImageCombination,
  rng: Rng,
  { unseen }: { readonly unseen: boolean },
): OpenMojiSample {
  const room = dataset.config.size - dataset.config.spriteSize + 1;
  let position: Position;
  do {
    const [row, column] = rng.integers(2, room);
    position = { row, column };
  } while (isUnseenPosition(position) !== unseen && room > 1);
  return dataset.drawImage({ ...combination, position });
}

/** A video from one of the dataset's starts, moved by whole pixels along the axis that the motion leaves free. */
export function renderVideo(
  dataset: MovingOpenMoji,
  combination: VideoCombination,
  rng: Rng,
): OpenMojiSample {
  const room = dataset.config.size - dataset.config.spriteSize + 1;
  const starts = dataset.starts(combination.motion);
  const start = starts[rng.integers(1, starts.length)[0]];
  const [row, column] = rng.integers(2, room);
  return dataset.drawVideo({
    ...combination,
    start: {
      row: starts.some((other) => other.row !== start.row) ? row : start.row,
      column: starts.some((other) => other.column !== start.column) ? column : start.column,
    },
  });
}

/** `count` items, each equally often but for the last round, in a drawn order. */
export function drawItems<Item>(items: readonly Item[], count: number, rng: Rng): Item[] {
  const drawn: Item[] = [];
  while (drawn.length < count) {
    for (const index of rng.permutation(items.length)) drawn.push(items[index]);
  }
  return drawn.slice(0, count);
}
