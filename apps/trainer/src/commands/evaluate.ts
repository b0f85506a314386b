import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { backendOption, wholeNumber } from "./options.ts";

export function addEvaluateCommand(program: Command, context: CommandContext): void {
  program
    .command("evaluate")
    .description(
      "Generate with a trained model and let a judge, trained on real renderings, name what it sees.",
    )
    .requiredOption("--model <folder>", "a model folder (a run has one: runs/<name>/model)")
    .option("--out <file>", "write the figures to this JSON file")
    .option("--seed <number>", "number that decides the draws", wholeNumber(0), 0)
    .option("--images <number>", "images of trained and of held-out combinations each", wholeNumber(1), 100)
    .option("--videos <number>", "videos of each kind", wholeNumber(2), 50)
    .option("--judge-steps <number>", "steps that train the judge", wholeNumber(1), 300)
    .option("--judge-batch <number>", "images of each of these steps", wholeNumber(4), 48)
    .addOption(backendOption())
    .action(async (options) => {
      const { runEvaluate } = await import("../evaluate/command.ts");
      await runEvaluate(options, context);
    });
}
