/** Whether `NUWA_REQUIRE_BACKENDS` (names separated by commas) lists the backend, as CI does for those it installs. */
export function isRequired(backend: string): boolean {
  return (process.env.NUWA_REQUIRE_BACKENDS ?? "").split(",").includes(backend);
}
