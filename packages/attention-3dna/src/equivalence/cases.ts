/** Random cases for each backend; `NUWA_EQUIVALENCE_CASES` asks for more, or fewer. */
export const CASES = Number(process.env.NUWA_EQUIVALENCE_CASES ?? 200);

/** Whether `NUWA_REQUIRE_BACKENDS` (names separated by commas) lists the backend, as CI does for those it installs. */
export function isRequired(backend: string): boolean {
  return (process.env.NUWA_REQUIRE_BACKENDS ?? "").split(",").includes(backend);
}
