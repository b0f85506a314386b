import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { backendOption, wholeNumber } from "./options.ts";

export function addAblateCommand(program: Command, context: CommandContext): void {
  program
    .command("ablate")
    .description(
      "Train variants of a transformer for the same CPU time, over several seeds, and compare them on held-out combinations.",
    )
    .option(
      "--config <name or file>",
      "a YAML file with a section ablation, or the name of one that comes with nuwa",
      "ablation",
    )
    .option(
      "--out <folder>",
      "where to keep tokenizer, runs, table and chart; called again, it goes on",
      "runs/ablation",
    )
    .option("--tokenizer <folder>", "a trained tokenizer to use (default: the config's own is trained once)")
    .option("--jobs <number>", "runs side by side", wholeNumber(1), 1)
    .option("--only <run>", "train this run alone, <variant>-<seed>, in this process, and write no table")
    .addOption(backendOption())
    .action(async (options) => {
      const { runAblation } = await import("../ablate/command.ts");
      await runAblation(options, context);
    });
}
