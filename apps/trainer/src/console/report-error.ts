import { isNuwaError } from "@nuwa/tensor3d";
import type { Console } from "./console.ts";

/**
 * Prints an error as one message with its hint; with `debug` also the stack. Errors that nobody foresaw are
 * told apart, since they are faults of the program.
 */
export function reportError(error: unknown, console: Console, debug: boolean): void {
  if (isNuwaError(error)) {
    console.error(`Error: ${error.message}`);
    if (error.hint && !error.message.includes(error.hint)) console.error(`  ${error.hint}`);
  } else {
    const message = error instanceof Error ? error.message || error.name : String(error);
    console.error(`Unexpected error: ${message}`);
    if (!debug) console.error("  Run the command again with --debug to see where it happened.");
  }
  if (debug) console.error(stackOf(error));
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\nCaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
