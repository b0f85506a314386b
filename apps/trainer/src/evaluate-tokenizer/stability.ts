/** A shift by whole tokens: one to the right, or one down. */
export interface TokenShift {
  readonly rows: 0 | 1;
  readonly columns: 0 | 1;
}

export const TOKEN_SHIFTS: readonly TokenShift[] = [
  { rows: 0, columns: 1 },
  { rows: 1, columns: 0 },
];

/** Counts how many codes move along when a picture does. */
export class StabilityScore {
  private compared = 0;
  private kept = 0;

  /**
   * Compares the code of each token with that of the token one further in the shifted picture. The outermost tokens
   * of both pictures are left out: there the frame ends elsewhere.
   *
   * @param before codes of the picture, `[height, width]`
   * @param after codes of the same picture shifted by one token, `[height, width]`
   */
  add(
    before: ArrayLike<number>,
    after: ArrayLike<number>,
    { height, width }: { readonly height: number; readonly width: number },
    { rows, columns }: TokenShift,
  ): void {
    for (let row = 1; row + rows < height - 1; row++) {
      for (let column = 1; column + columns < width - 1; column++) {
        this.compared++;
        if (before[row * width + column] === after[(row + rows) * width + column + columns]) this.kept++;
      }
    }
  }

  /** The share of the compared codes that stayed the same; undefined where nothing could be compared. */
  share(): number | undefined {
    return this.compared === 0 ? undefined : this.kept / this.compared;
  }
}
