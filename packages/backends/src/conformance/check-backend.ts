import { mkdir, readFile, writeFile } from "node:fs/promises";
import { type ConformanceRow, runConformance } from "./run.ts";

/** Where the oracle's file lies in the package's sources. */
export const fixtureUrl = new URL("../fixtures/conformance.safetensors", import.meta.url);

/** Runs the suite on the current backend. `NUWA_CONFORMANCE_RESULTS` names a folder that gets the rows as JSON. */
export async function checkBackend(backend: string): Promise<void> {
  const rows = await runConformance(backend, await readFile(fixtureUrl));
  await reportRows(backend, rows);
}

/** Writes the rows where `NUWA_CONFORMANCE_RESULTS` asks for them, and throws an Error that lists those that are wrong. */
export async function reportRows(backend: string, rows: readonly ConformanceRow[]): Promise<void> {
  const folder = process.env.NUWA_CONFORMANCE_RESULTS;
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    await writeFile(`${folder}/${backend}.json`, JSON.stringify(rows));
  }
  const wrong = rows.filter(({ ok }) => !ok);
  if (wrong.length === 0) return;
  const lines = wrong.map(
    ({ case: name, maxError, note }) => `${name}: error ${maxError}${note ? `, ${note}` : ""}`,
  );
  throw new Error(`${wrong.length} of ${rows.length} rows on ${backend}:\n${lines.join("\n")}`);
}
