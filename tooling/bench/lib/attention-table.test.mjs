import { nearby } from "@nuwa/attention-3dna";
import { videoGrid } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { grids, patternsWith, size } from "./attention-patterns.mjs";
import { attentionTable, blockCount, shareOfFull } from "./attention-table.mjs";

const counts = attentionTable();

function rowsOf(table) {
  const cells = table.split("\n").map((line) => line.slice(2, -2).split(" | "));
  return cells.map((row) => row.map((cell) => cell.split("<br>")));
}

/** Pairs without causality, by hand. */
const expected = {
  Full: (grid) => tokens(grid) ** 2,
  "Block-sparse": (grid, block) => tokens(grid) ** 2 / blockCount(grid, block),
  "Axial-sparse": (grid) => tokens(grid) * (grid.height + grid.width + grid.frames - 2),
  "Nearby-sparse": ({ height, width, frames }) => windows(height) * windows(width) * windows(frames),
};
const tokens = ({ height, width, frames }) => height * width * frames;
/** Keys of all windows of 3 along an axis: two of them are cut at each end. */
const windows = (length) => 3 * length - 2;

test("every count is the formula's", () => {
  const [heads, , ...rows] = rowsOf(counts);
  expect(heads.slice(2).map(([name]) => name)).toEqual(grids.map(({ grid }) => size(grid)));
  expect(rows.map(([[title]]) => title)).toEqual(Object.keys(expected));
  for (const [[title], , ...columns] of rows) {
    for (const [index, { grid, block }] of grids.entries()) {
      const [causal, all] = columns[index].map((count) => Number(count.replaceAll(",", "")));
      expect(all).toBe(expected[title](grid, block));
      expect(causal).toBe((all + tokens(grid)) / 2);
    }
  }
});

test("blocks tile the grids evenly, and their number stands beside the count", () => {
  for (const { grid, block } of grids) {
    expect(blockCount(grid, block) * tokens(block)).toBe(tokens(grid));
  }
  expect(counts).toContain("144<br>256<br>b = 4 | 103,680<br>204,800<br>b = 32 |");
});

test("times are the fastest and the median, in milliseconds", () => {
  const seconds = { forward: [0.03, 0.01234, 0.02], both: [1.2344, 0.5, 2] };
  const titles = patternsWith(grids[0].block).map(({ title }) => title);
  const table = attentionTable(Object.fromEntries(titles.map((title) => [title, seconds])));
  for (const row of rowsOf(table).slice(2)) {
    expect(row.slice(-2)).toEqual([
      ["12.3 ms", "20.0 ms"],
      ["500 ms", "1,234 ms"],
    ]);
  }
});

test("shareOfFull", () => {
  const pattern = nearby({ extent: { height: 1, width: 1, frames: 1 } });
  expect(shareOfFull(pattern, videoGrid(2, 2, 2))).toBe("13 %"); // 8 of 64
});
