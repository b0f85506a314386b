import { spawn } from "node:child_process";
import { type FileHandle, open } from "node:fs/promises";
import { NuwaError } from "@nuwa/tensor3d";
import { fileError } from "@nuwa/tensor3d/node";

export interface ChildOptions {
  /** The JavaScript file that it runs. */
  readonly script: string;
  readonly args: readonly string[];
  /** Gets what it prints. */
  readonly log: string;
  readonly signal: AbortSignal;
}

/**
 * Runs a Node program to its end, or until the signal ends it.
 *
 * @throws NuwaError `TRAINING` with what it said when it fails; the signal's reason when that is aborted
 */
export async function runChild(options: ChildOptions): Promise<void> {
  const { log, signal } = options;
  signal.throwIfAborted();
  const file = await open(log, "w").catch((error) => {
    throw fileError("write", log, error);
  });
  try {
    const { code, errors } = await ending(options, file);
    signal.throwIfAborted();
    if (code === 0) return;
    const said = errors.trim().replace(/^(Unexpected error|Error): /, "");
    throw new NuwaError("TRAINING", `A run failed (${code}): ${said || "it said nothing"}`, {
      hint: `What it printed before: ${log}`,
    });
  } finally {
    await file.close();
  }
}

function ending(
  { script, args, signal }: ChildOptions,
  file: FileHandle,
): Promise<{ code: number | NodeJS.Signals; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...args], { stdio: ["ignore", file.fd, "pipe"] });
    const stop = (): void => void child.kill();
    signal.addEventListener("abort", stop, { once: true });
    let errors = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      errors += text;
    });
    child.on("error", reject);
    child.on("close", (code, name) => {
      signal.removeEventListener("abort", stop);
      resolve({ code: code ?? name!, errors });
    });
  });
}
