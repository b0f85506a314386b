import { expect, test } from "vitest";
import { markdownTable, textTable } from "./text-table.ts";

const rows = [
  ["model", "SSIM"],
  ["a|b", "0.9"],
];

test("columns of text", () => {
  expect(textTable(rows)).toEqual(["model  SSIM", "a|b     0.9"]);
});

test("a table in Markdown", () => {
  expect(markdownTable(rows)).toEqual(["| model | SSIM |", "| --- | ---: |", "| a\\|b | 0.9 |"]);
});
