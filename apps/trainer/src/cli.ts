import { createRequire } from "node:module";
import { isNuwaError } from "@nuwa/tensor3d";
import { Command, CommanderError } from "commander";
import type { CommandContext } from "./command-context.ts";
import { addAblateCommand } from "./commands/ablate.ts";
import { addDataCommand } from "./commands/data.ts";
import { addDemoCommand } from "./commands/demo.ts";
import { addDoctorCommand } from "./commands/doctor.ts";
import { addEvaluateCommand } from "./commands/evaluate.ts";
import { addGenerateCommand } from "./commands/generate.ts";
import { addTrainCommand } from "./commands/train.ts";
import { type Console, createConsole } from "./console/console.ts";
import { reportError } from "./console/report-error.ts";

/** Exit codes: everything went well, something failed, the command line was wrong, the person stopped it. */
export const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export interface MainOptions {
  readonly console?: Console;
  readonly signal?: AbortSignal;
}

/**
 * Runs the `nuwa` command and returns its exit code. Errors are printed, never thrown.
 *
 * @param args the words after the command's own name
 */
export async function main(args: readonly string[], options: MainOptions = {}): Promise<number> {
  const console = options.console ?? createConsole();
  const signal = options.signal ?? new AbortController().signal;
  const program = createProgram({ console, signal });
  try {
    await program.parseAsync(args, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (signal.aborted && !isNuwaError(error)) {
      console.error("Stopped.");
      return EXIT.interrupted;
    }
    reportError(error, console, program.opts().debug === true || args.includes("--debug"));
    return signal.aborted ? EXIT.interrupted : EXIT.failed;
  }
}

function createProgram(context: CommandContext): Command {
  const { version } = createRequire(import.meta.url)("../package.json") as { version: string };
  const program = new Command("nuwa")
    .description("Trains and runs NÜWA: one 3D transformer for text, images and videos.")
    .version(version)
    .option("--debug", "show where an error happened");
  inherit(program, context.console);
  const add = [
    addDoctorCommand,
    addDataCommand,
    addTrainCommand,
    addGenerateCommand,
    addEvaluateCommand,
    addAblateCommand,
    addDemoCommand,
  ];
  for (const addCommand of add) addCommand(program, context);
  for (const command of descendants(program)) {
    inherit(command, context.console);
    if (command.commands.length === 0) command.option("--debug", "show where an error happened");
  }
  return program;
}

function inherit(command: Command, console: Console): void {
  command
    .exitOverride()
    .showHelpAfterError(`(see: ${fullName(command)} --help)`)
    .configureOutput({
      writeOut: (text) => console.line(text.trimEnd()),
      writeErr: (text) => console.error(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error: /, "Error: ")),
    });
}

const fullName = (command: Command): string =>
  command.parent ? `${fullName(command.parent)} ${command.name()}` : command.name();

function descendants(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...descendants(child)]);
}
