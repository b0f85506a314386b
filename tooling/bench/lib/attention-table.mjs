import { pairCount } from "@nuwa/attention-3dna";
import { tokenCount } from "@nuwa/tensor3d";
import { grids, patternsWith, size, thousands } from "./attention-patterns.mjs";
import { summarize } from "./summary.mjs";

/**
 * The paper's Table 7 in Markdown, with exact numbers of pairs.
 *
 * @param times by a pattern's title, `{ forward, both }` in seconds; left out, the table has no times
 */
export function attentionTable(times) {
  const counted = grids.map(({ grid, block }) =>
    patternsWith(block).map((entry) => countCell(entry, grid, block)),
  );
  const heads = ["pattern", "paper", ...grids.map(({ grid }) => `${size(grid)}<br>causal<br>not causal`)];
  const rows = patternsWith(grids[0].block).map(({ title, formula }, row) => [
    title,
    formula,
    ...counted.map((column) => column[row]),
  ]);
  if (times) {
    for (const what of ["forward", "forward + backward"]) heads.push(`${what}<br>fastest<br>median`);
    for (const row of rows) row.push(timeCell(times[row[0]].forward), timeCell(times[row[0]].both));
  }
  const rule = heads.map((_, column) => (column < 2 ? "---" : "---:"));
  return [heads, rule, ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

/** How many blocks tile a grid: the paper's `b`. */
export function blockCount(grid, block) {
  const along = (axis) => Math.ceil(grid[axis] / block[axis]);
  return along("frames") * along("height") * along("width");
}

/** What part of the pairs of full attention a pattern has, `0.54 %`, without causality. */
export function shareOfFull(pattern, grid) {
  const share = pairCount(pattern, { queryGrid: grid }) / tokenCount(grid) ** 2;
  return `${(share * 100).toPrecision(2)} %`;
}

function countCell({ title, pattern }, grid, block) {
  const counts = [true, false].map((causal) => thousands(pairCount(pattern, { queryGrid: grid, causal })));
  if (title === "Block-sparse") counts.push(`b = ${blockCount(grid, block)}`);
  return counts.join("<br>");
}

function timeCell(seconds) {
  const { min, median } = summarize(seconds);
  return [min, median].map((value) => `${digits(value * 1000)} ms`).join("<br>");
}

/** `9.2`, `12.3`, `1,234`. */
function digits(value) {
  return value < 99.95 ? value.toFixed(1) : thousands(Math.round(value));
}
