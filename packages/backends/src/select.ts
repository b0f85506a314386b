import { NuwaError } from "@nuwa/tensor3d";
import type { SelectedBackend } from "./status.ts";

/** A way to get a backend, with what it is called in messages. */
export interface Candidate {
  readonly name: string;
  /** Selects the backend; undefined passes on to the next candidate without a word. */
  select(): Promise<SelectedBackend | undefined>;
}

/**
 * Selects the first candidate that works. What the others said stands in `detail`, since they would
 * have been faster.
 *
 * @throws NuwaError `BACKEND` with every reason when none works
 */
export async function selectFirst(candidates: readonly Candidate[]): Promise<SelectedBackend> {
  const reasons: string[] = [];
  for (const { name, select } of candidates) {
    try {
      const selected = await select();
      if (!selected) continue;
      if (reasons.length === 0) return selected;
      return { ...selected, detail: `${selected.detail} (not used: ${reasons.join("; ")})` };
    } catch (error) {
      if ((error as Error).name === "AbortError") throw error;
      reasons.push(`${name}: ${firstLine(error)}`);
    }
  }
  throw new NuwaError("BACKEND", `useBackend: no backend works here. ${reasons.join("; ")}`);
}

/** @throws NuwaError `CONFIG`, always */
export function unknownBackend(name: string, known: readonly string[]): never {
  throw new NuwaError("CONFIG", `useBackend: unknown backend "${name}". Use ${known.join(", ")}.`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
