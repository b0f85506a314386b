import { createProgress, type Progress } from "./progress.ts";

/** Where a command talks to the person: lines, progress and errors. */
export interface Console {
  line(text?: string): void;
  error(text: string): void;
  /** Starts a progress display of `total` units, named in the plural ("steps"). */
  progress(title: string, total: number, unit: string): Progress;
}

/** The part of a stream that a console needs. */
export interface TextStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Bars on a terminal, plain lines elsewhere. */
export function createConsole(
  out: TextStream = process.stdout,
  problems: TextStream = process.stderr,
): Console {
  return {
    line: (text = "") => void out.write(`${text}\n`),
    error: (text) => void problems.write(`${text}\n`),
    progress: (title, total, unit) => createProgress({ title, total, unit, out }),
  };
}
