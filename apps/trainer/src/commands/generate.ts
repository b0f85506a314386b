import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { backendOption, numberBetween, wholeNumber } from "./options.ts";

export function addGenerateCommand(program: Command, context: CommandContext): void {
  program
    .command("generate")
    .description("Make images or videos with a trained model.")
    .requiredOption("--model <folder>", "a model folder (a run has one: runs/<name>/model)")
    .option("--text <caption>", "what to show")
    .requiredOption("--out <file>", "a .png or .webp; for videos a .gif, .webp or .png (a strip of frames)")
    .option("--video", "make a video instead of an image")
    .option(
      "--known-frames <file...>",
      "pictures of a video's first frames; the rest is predicted (implies --video)",
    )
    .option("--seed <number>", "number that decides the draws", wholeNumber(0), 0)
    .option("--samples <number>", "how many to make, side by side", wholeNumber(1), 1)
    .option("--temperature <number>", "0 takes the likeliest, 1 draws as learnt", numberBetween(0))
    .option("--top-k <number>", "draw among the k likeliest codes", wholeNumber(1))
    .option(
      "--top-p <number>",
      "draw among the likeliest codes that hold this share",
      numberBetween(0.001, 1),
    )
    .option("--guidance <number>", "1: none; above 1: closer to the text", numberBetween(0))
    .option("--zoom <number>", "enlarge each pixel", wholeNumber(1), 1)
    .addOption(backendOption())
    .action(async (options) => {
      const { runGenerate } = await import("../generate/command.ts");
      await runGenerate(options, context);
    });
}
