/** Random cases for each backend; `NUWA_EQUIVALENCE_CASES` asks for more, or fewer. */
export const CASES = Number(process.env.NUWA_EQUIVALENCE_CASES ?? 200);
