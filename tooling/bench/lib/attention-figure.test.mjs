import { attentionMask, pairCount } from "@nuwa/attention-3dna";
import { tokenCount, tokenIndex } from "@nuwa/tensor3d";
import { describe, expect, test } from "vitest";
import { drawAttention } from "./attention-figure.mjs";
import { grids, patternsWith } from "./attention-patterns.mjs";

const { grid, block } = grids[0];
const query = { row: 1, column: 2, frame: 1 };
const patterns = patternsWith(block);
const svg = drawAttention({ grid, query, patterns });
const panels = svg.split('<g class="pattern">').slice(1);
const count = tokenCount(grid);
const shape = { queryGrid: grid, causal: true };

/** The `[column, row]` of each cell in the path of a class. */
function cells(panel, kind) {
  const [, path] = panel.match(new RegExp(`<path class="${kind}" d="([^"]*)"`));
  return path.match(/M[^h]*/g).map((place) => place.slice(1).split(" ").map(Number));
}

function uses(panel, kind) {
  return panel.match(new RegExp(`href="#${kind}" x=`, "g"))?.length ?? 0;
}

test("a panel for each pattern", () => {
  expect(panels).toHaveLength(patterns.length);
});

describe.each(patterns.map((entry, index) => ({ ...entry, panel: panels[index] })))(
  "$title",
  ({ title, pattern, panel }) => {
    const mask = attentionMask(pattern, shape);

    test("is drawn under its name, with its number of pairs", () => {
      expect(panel).toContain(`>${title}</text>`);
      expect(panel).toContain(`>${pairCount(pattern, shape)} pairs</text>`);
    });

    test("has a white cell for each pair and a black one for each other", () => {
      const white = cells(panel, "attended");
      expect(white).toHaveLength(pairCount(pattern, shape));
      expect(cells(panel, "masked")).toHaveLength(count ** 2 - white.length);
      const drawn = new Uint8Array(count ** 2);
      for (const [column, row] of white) drawn[row * count + column] = 1;
      expect(drawn).toEqual(mask);
    });

    test("has one query, and a blue token for each other that it attends", () => {
      const own = tokenIndex(grid, query);
      const attended = mask.subarray(own * count, (own + 1) * count).reduce((sum, one) => sum + one);
      expect(uses(panel, "query")).toBe(1);
      expect(uses(panel, "attended")).toBe(attended - 1);
      expect(uses(panel, "other")).toBe(count - attended);
    });
  },
);

test("the file needs no other", () => {
  expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
  expect(svg.match(/href="(?!#)|url\((?!#)|@import|<image|NaN|undefined/)).toBeNull();
});
