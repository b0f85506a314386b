import { inRoot } from "./root.mjs";
import { say } from "./say.mjs";
import { runStep } from "./step.mjs";

/** Builds every package that changed since the last build. */
export async function build(pnpmFolder) {
  say("Building the packages (about a minute the first time, seconds later).");
  const turbo = inRoot("node_modules", "turbo", "bin", "turbo");
  const args = [turbo, "run", "build", "--ui=stream", "--output-logs=errors-only"];
  await runStep("the build", process.execPath, args, { folder: pnpmFolder });
}
