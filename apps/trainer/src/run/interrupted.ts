import { NuwaError } from "@nuwa/tensor3d";

/** Thrown by work that saved itself after the person asked it to stop. */
export function interrupted(saved: string): NuwaError {
  return new NuwaError("INTERRUPTED", `Stopped. ${saved}`);
}
