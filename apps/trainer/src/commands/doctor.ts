import type { Command } from "commander";
import type { CommandContext } from "../command-context.ts";

export function addDoctorCommand(program: Command, { console }: CommandContext): void {
  program
    .command("doctor")
    .description("Tell which backends this machine has, why others are missing, and what to do.")
    .action(async () => {
      const { runDoctor } = await import("../doctor/doctor.ts");
      await runDoctor(console);
    });
}
