import { type ChildProcess, spawn } from "node:child_process";
import { onTermination } from "./termination.ts";

export interface CommandResult {
  /** The exit code, -1 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program and keeps its output to itself. Returns undefined where there is no such program.
 * A child that still runs is ended with `signal`, and when this process ends.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { signal?: AbortSignal; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<CommandResult | undefined> {
  options.signal?.throwIfAborted();
  const child = spawn(command, [...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: options.env ?? process.env,
    windowsHide: true,
    timeout: options.timeoutMs,
  });
  const forget = onTermination(() => child.kill("SIGKILL")); // it gets no time to write once more
  const stop = () => child.kill();
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    return await collect(child);
  } finally {
    forget();
    options.signal?.removeEventListener("abort", stop);
    options.signal?.throwIfAborted();
  }
}

function collect(child: ChildProcess): Promise<CommandResult | undefined> {
  return new Promise((resolve, reject) => {
    let stdout = "";
    let stderr = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    child.once("close", (code) => resolve({ code: code ?? -1, stdout, stderr }));
  });
}
