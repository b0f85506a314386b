import { NuwaError } from "@nuwa/tensor3d";

/** Thrown by work that saved itself after the person asked it to stop. */
export function interrupted(saved: string): NuwaError {
  return new NuwaError("INTERRUPTED", `Stopped. ${saved}`);
}

/** @throws NuwaError `INTERRUPTED` when the person asked to stop; for work that keeps nothing */
export function stopIfAsked(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted("Nothing was written.");
}
