import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "./root.mjs";
import { say } from "./say.mjs";
import { runStep, StepError } from "./step.mjs";
import { closingLine, readTotals, skippedLines } from "./test-totals.mjs";

/** Runs vitest, lists what was skipped and why, and closes with `N passed, N failed`. */
export async function runTests(args, haveLibtensorflow) {
  if (!haveLibtensorflow) say("The tests of the node backend are skipped.");
  say("Running the tests (a few minutes).");
  const folder = mkdtempSync(join(tmpdir(), "nuwa-tests-"));
  const totalsFile = join(folder, "totals.json");
  try {
    const vitest = inRoot("node_modules", "vitest", "vitest.mjs");
    const reporter = inRoot("tooling", "bootstrap", "lib", "totals-reporter.mjs");
    const reporters = ["--reporter=default", `--reporter=${reporter}`];
    const { code } = await runStep("the tests", process.execPath, [vitest, "run", ...reporters, ...args], {
      allowFailure: true,
      environment: { NUWA_TEST_TOTALS: totalsFile },
    });
    if (args.includes("--help") || args.includes("-h")) return;
    const totals = readTotals(totalsFile);
    if (totals === undefined) throw new StepError("The tests ended without a report.", code || 1);
    for (const line of skippedLines(totals)) console.log(line);
    console.log(closingLine(totals));
    process.exitCode = code === 0 && totals.failed > 0 ? 1 : code;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
