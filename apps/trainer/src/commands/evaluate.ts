import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { backendOption, wholeNumber } from "./options.ts";

/** `nuwa evaluate` by itself is the caption test. */
export function addEvaluateCommand(program: Command, context: CommandContext): void {
  const evaluate = program.command("evaluate").description("Measure what a trained model can do.");
  addCaptionTest(evaluate, context);
  addTokenizerTest(evaluate, context);
}

function addCaptionTest(evaluate: Command, context: CommandContext): void {
  evaluate
    .command("captions", { isDefault: true })
    .description(
      "By default: generate with a trained model and let a judge, trained on real renderings, name what it sees.",
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

function addTokenizerTest(evaluate: Command, context: CommandContext): void {
  evaluate
    .command("tokenizer")
    .description(
      "Measure what image tokenizers keep of pictures, on drawings that they learnt from and on others.",
    )
    .requiredOption("--model <folder...>", "folders of tokenizers or of whole models; several give one table")
    .option("--pictures <number>", "pictures of trained and of unseen drawings each", wholeNumber(2), 2000)
    .option(
      "--unseen <drawings>",
      "a filter, list or set of drawings in YAML or JSON (default: all that no tokenizer learnt from)",
    )
    .option(
      "--features <file>",
      "weights behind the Fréchet distance (default: @nuwa/openmoji-features' own)",
    )
    .option("--out <file>", "write the figures to this JSON file")
    .option("--markdown <file>", "write the table to this Markdown file")
    .option("--sheet <file>", "write pictures, reconstructions and errors to this PNG")
    .option("--seed <number>", "number that decides the draws", wholeNumber(0), 0)
    .addOption(backendOption())
    .action(async (options) => {
      const { runEvaluateTokenizer } = await import("../evaluate-tokenizer/command.ts");
      const { readOpenMojiFeatures } = await import("@nuwa/openmoji-features/node");
      await runEvaluateTokenizer(options, context, () => readOpenMojiFeatures(options.features));
    });
}
