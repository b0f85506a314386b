import { chromiumPage } from "@nuwa/testing/chromium-page";
import { expect, test } from "vitest";
import { caseCount } from "./cases.ts";

const cases = caseCount(300);
const open = chromiumPage(new URL("page/main.ts", import.meta.url));

test(`${cases} random models on wasm in Chromium decode in parallel as one by one`, {
  timeout: 600_000,
}, async (context) => {
  const { page } = open(context);
  const { failures, tokens } = await page.evaluate((count) => exactnessHere("wasm", count), cases);
  expect(failures).toEqual([]);
  expect(tokens).toBeGreaterThan(cases);
});
