import { type Grid, type Rng, tokenCount } from "@nuwa/tensor3d";

/** Draws one of some things. */
export function pick<Item>(rng: Rng, items: readonly Item[]): Item {
  return items[rng.integers(1, items.length)[0]];
}

/** True in a share of all draws. */
export function chance(rng: Rng, share: number): boolean {
  return rng.uniform(1)[0] < share;
}

/** A quarter of the grids are images; the others have up to 5x5x4 tokens. */
export function randomGrid(rng: Rng): Grid {
  const sides = [1, 3, 4, 5];
  const frames = chance(rng, 0.25) ? 1 : pick(rng, [2, 3, 4]);
  return { height: pick(rng, sides), width: pick(rng, sides), frames };
}

/** No larger than another grid along any axis. */
export function randomPart(rng: Rng, { height, width, frames }: Grid): Grid {
  const cut = (size: number) => (chance(rng, 0.2) ? 1 + rng.integers(1, size)[0] : size);
  return { height: cut(height), width: cut(width), frames: cut(frames) };
}

/** Given tokens, `[tokens]`: a random share, the first ones, all outside a rectangle through all frames, or all but one. */
export function randomMask(rng: Rng, grid: Grid): Uint8Array {
  const count = tokenCount(grid);
  const kind = pick(rng, ["share", "first", "outside", "but one"] as const);
  if (kind === "share") {
    const share = rng.uniform(1)[0];
    return Uint8Array.from(rng.uniform(count), (value) => (value < share ? 1 : 0));
  }
  const [place] = rng.integers(1, count);
  if (kind === "first") return Uint8Array.from({ length: count }, (_, token) => (token < place ? 1 : 0));
  if (kind === "but one") return Uint8Array.from({ length: count }, (_, token) => (token === place ? 0 : 1));
  const inside = randomPart(rng, grid);
  return Uint8Array.from({ length: count }, (_, token) => {
    const row = Math.floor(token / grid.width) % grid.height;
    return row < inside.height && token % grid.width < inside.width ? 0 : 1;
  });
}
