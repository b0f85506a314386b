import { Argument, type Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { backendOption } from "./options.ts";

export function addTrainCommand(program: Command, context: CommandContext): void {
  program
    .command("train")
    .description("Train the image tokenizer, the transformer, or both in order.")
    .addArgument(
      new Argument("[stage]", "what to train").choices(["tokenizer", "transformer", "both"]).default("both"),
    )
    .option("--config <name or file>", "a YAML file, or the name of one that comes with nuwa", "tiny")
    .option("--run <folder>", "the run's folder (default: runs/<config name>)")
    .option("--resume <folder>", "go on with the run of this folder, from its last checkpoint")
    .addOption(backendOption())
    .action(async (stage, options) => {
      const { runTraining } = await import("../train/command.ts");
      await runTraining({ stage, ...options }, context);
    });
}
