import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";

export function addDataCommand(program: Command, { console }: CommandContext): void {
  program
    .command("data")
    .description("Render a config's data set and write contact sheets of it.")
    .option("--config <name or file>", "a YAML file, or the name of one that comes with nuwa", "tiny")
    .option("--out <folder>", "where to write the sheets", "data-sheets")
    .action(async (options) => {
      const { writeDataSheets } = await import("../data/sheets.ts");
      await writeDataSheets(options, console);
    });
}
