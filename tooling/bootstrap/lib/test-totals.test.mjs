import { expect, test } from "vitest";
import { closingLine, skippedLines } from "./test-totals.mjs";
import { countTests } from "./totals-reporter.mjs";

const result = (state, fullName, note) => ({ fullName, result: () => ({ state, note }) });

function fakeModule({ tests = [], errors = [], suiteErrors = [] }) {
  return {
    relativeModuleId: "packages/a/src/a.test.ts",
    errors: () => errors,
    children: { allTests: () => tests, allSuites: () => [{ errors: () => suiteErrors }] },
  };
}

test("counts tests, broken files, broken suites and uncaught errors", () => {
  const modules = [
    fakeModule({
      tests: [result("passed", "one"), result("failed", "two"), result("skipped", "three", "no GPU")],
    }),
    fakeModule({ errors: [new Error("does not parse")], suiteErrors: [new Error("beforeAll")] }),
  ];
  const totals = countTests(modules, [new Error("uncaught")]);
  expect(totals).toMatchObject({ passed: 1, failed: 4 });
  expect(totals.skipped).toEqual([{ name: "packages/a/src/a.test.ts: three", reason: "no GPU" }]);
});

test("the closing line names skipped tests only where there are some", () => {
  expect(closingLine({ passed: 12, failed: 0, skipped: [] })).toBe("12 passed, 0 failed");
  expect(closingLine({ passed: 1, failed: 2, skipped: [{}, {}, {}] })).toBe("1 passed, 2 failed, 3 skipped");
});

test("skipped tests are listed by reason", () => {
  const skipped = [{ name: "a", reason: "no GPU" }, { name: "b", reason: "no GPU" }, { name: "c" }];
  expect(skippedLines({ skipped })).toEqual(["Skipped:", "  no GPU: a and 1 more", "  no reason given: c"]);
  expect(skippedLines({ skipped: [] })).toEqual([]);
});
