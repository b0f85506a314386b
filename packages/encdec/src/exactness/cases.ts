const asked = process.env.NUWA_EXACTNESS_CASES;

/** Random models for a backend: its usual number, unless `NUWA_EXACTNESS_CASES` asks for another. */
export function caseCount(usual: number): number {
  return asked === undefined ? usual : Number(asked);
}
