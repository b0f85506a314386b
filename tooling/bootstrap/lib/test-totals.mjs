import { readFileSync } from "node:fs";

/** What the reporter wrote: `{ passed, failed, skipped: [{ name, reason }] }`; undefined where it wrote nothing. */
export function readTotals(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

/** `12 passed, 0 failed`, with `, 3 skipped` only where tests were skipped. */
export function closingLine({ passed, failed, skipped }) {
  const line = `${passed} passed, ${failed} failed`;
  return skipped.length === 0 ? line : `${line}, ${skipped.length} skipped`;
}

/** One line for each reason, with how many tests it kept from running and the first of them. */
export function skippedLines({ skipped }) {
  if (skipped.length === 0) return [];
  const byReason = groupBy(skipped, reasonOf);
  const lines = [...byReason].map(([reason, tests]) => {
    const more = tests.length > 1 ? ` and ${tests.length - 1} more` : "";
    return `  ${reason}: ${tests[0].name}${more}`;
  });
  return ["Skipped:", ...lines];
}

function reasonOf({ reason }) {
  return reason || "no reason given";
}

function groupBy(items, keyOf) {
  const groups = new Map();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
