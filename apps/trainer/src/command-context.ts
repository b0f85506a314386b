import type { Console } from "./console/console.ts";

/** What every command gets besides its own options. */
export interface CommandContext {
  readonly console: Console;
  /** Aborted when the person asks to stop; long work then saves itself and ends. */
  readonly signal: AbortSignal;
}
