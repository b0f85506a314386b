import { spawn } from "node:child_process";
import { constants } from "node:os";
import { stepEnvironment } from "./environment.mjs";
import { root } from "./root.mjs";

/** A step that did not work: what to tell the user, and the exit code to end with. */
export class StepError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const interrupts = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs one command and waits for it.
 *
 * @param what the step in words, for messages ("the build")
 * @param options.folder put first on the PATH; `cwd` default the workspace's folder; `capture` returns stdout
 *   instead of showing it; `quiet` shows what it prints only when it fails; `allowFailure` returns the exit code
 *   instead of throwing; `shell` runs it through the shell
 * @returns `{ code, output }`
 * @throws StepError with the command's own exit code, or 128 + the signal's number
 */
export async function runStep(what, command, args, options = {}) {
  const { code, output, error } = await spawnAndWait(command, args, options);
  if (options.quiet && code !== 0) console.log(output);
  if (error) throw new StepError(`${what} could not start: ${error.message}`, 127);
  if (code > 128 && isInterrupt(code - 128)) throw new StepError(`Stopped during ${what}.`, code);
  if (code !== 0 && !options.allowFailure) {
    throw new StepError(`${what} failed (exit code ${code}). What it said stands above.`, code);
  }
  return { code, output };
}

function isInterrupt(number) {
  return interrupts.some((name) => constants.signals[name] === number);
}

function spawnAndWait(command, args, options) {
  const { folder, cwd = root, shell = false, capture = false, quiet = false, environment = {} } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      shell,
      env: { ...stepEnvironment(folder), ...environment },
      stdio: ["inherit", capture || quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    const release = followSignals(child);
    child.on("error", (error) => {
      release();
      resolve({ code: 127, output, error });
    });
    child.on("close", (code, signal) => {
      const interrupted = release();
      resolve({ code: exitCode(code, signal ?? interrupted), output });
    });
  });
}

/** A terminal sends Ctrl-C to the child itself; every other signal is passed on. */
function followSignals(child) {
  const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  let received;
  const handlers = interrupts.map((name) => {
    const handler = () => {
      received = name;
      if (name !== "SIGINT" || !atTerminal) child.kill(name);
    };
    process.on(name, handler);
    return () => process.off(name, handler);
  });
  return () => {
    for (const off of handlers) off();
    return received;
  };
}

function exitCode(code, signal) {
  if (signal) return 128 + (constants.signals[signal] ?? 0);
  return code ?? 1;
}
