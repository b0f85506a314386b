import { writeFileSync } from "node:fs";

/** A vitest reporter that writes the totals, and the skipped tests with their reasons, as JSON. */
export default class TotalsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const path = process.env.NUWA_TEST_TOTALS;
    if (path) writeFileSync(path, JSON.stringify(countTests(modules, unhandledErrors)));
  }
}

/** A file or suite that fails outside its tests, and an error that no test caught, count as one failure each. */
export function countTests(modules, unhandledErrors = []) {
  const totals = { passed: 0, failed: unhandledErrors.length, skipped: [] };
  for (const module of modules) {
    totals.failed += module.errors().length;
    for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
    for (const test of module.children.allTests()) {
      const { state, note } = test.result();
      if (state === "passed") totals.passed++;
      else if (state === "failed") totals.failed++;
      else totals.skipped.push({ name: `${module.relativeModuleId}: ${test.fullName}`, reason: note });
    }
  }
  return totals;
}
