import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { backendOption } from "./options.ts";

export function addDemoCommand(program: Command, context: CommandContext): void {
  program
    .command("demo")
    .description("Train the tiny model from scratch and write a gallery of what it makes.")
    .option("--config <name or file>", "default: tiny, or tiny-wasm without libtensorflow")
    .option("--out <folder>", "where to write the gallery", "gallery")
    .option("--run <folder>", "where to keep checkpoints, events and the model", "runs/demo")
    .option("--resume", "go on with a demo that was stopped")
    .addOption(backendOption())
    .action(async (options) => {
      const { runDemo } = await import("../demo/command.ts");
      await runDemo(options, context);
    });
}
