import { grids, patternsWith, size, thousands, window } from "./attention-patterns.mjs";
import { attentionTable, blockCount, shareOfFull } from "./attention-table.mjs";

/**
 * docs/attention.md.
 *
 * @param figure where the figure lies, seen from the page
 * @param measured `{ times, about, busy, rounds, heads, headDim, grid }`; left out, the page has no times
 */
export function attentionPage({ figure, command, measured }) {
  const [small, , paper] = grids;
  const nearby = patternsWith(paper.block).at(-1).pattern;
  const blocks = grids.map(
    ({ grid, block }) => `${size(block)} on ${size(grid)} (b = ${blockCount(grid, block)})`,
  );
  return `<!-- Written by \`${command}\`. Do not edit. -->

# Attention patterns

[\`@nuwa/attention-3dna\`](../packages/attention-3dna) has the four patterns that the
[NÜWA paper](https://arxiv.org/abs/2111.12417) compares in its Fig. 10 and Table 7. The picture and the table below are
made with the package's public functions. All sizes are frames × height × width.

## Which tokens are attended

![Full, block-sparse, axial-sparse and nearby-sparse attention on two frames of 4×4 tokens, and the mask of each](${figure})

Above, two frames of 4×4 tokens (${size(small.grid)}, written 4×4×2 in the paper) and one query in orange. The tokens that
it attends are blue; it attends itself as well. Attention is causal: tokens after the query in raster order (frame by
frame, row by row) are left out whatever the pattern. Below, the whole mask: a row for each of the 32 queries, a column
for each of the 32 keys, black where masked. Its white cells are the pairs that the package counts.

- **Full**: every token.
- **Block-sparse**: the tokens of the query's own block. Blocks tile the grid; here they are ${size(small.block)}.
- **Axial-sparse**: the tokens that share at least two of the query's three coordinates: three lines through it.
- **Nearby-sparse**: the tokens in a window around the query, here ${size(window)}. At a border the window is cut.

## How many pairs

The paper gives the order of the cost; the package counts the (query, key) pairs exactly. Each cell has the count
with causality above the one without.

${attentionTable(measured?.times)}

Here (h, w, s) is the grid's height, width and number of frames, (e<sup>h</sup>, e<sup>w</sup>, e<sup>s</sup>) the size of the
window, ${size(window)} on every grid, and b the number of blocks. They are
${listed(blocks)}.

- The paper's (hws/b)² is the cost of one block. All b of them together have (hws)²/b pairs, as counted here.
- The three lines of axial attention meet in the query: h + w + s − 2 keys each.
- Windows are cut at borders, so nearby attention has fewer pairs than hws · e<sup>h</sup>e<sup>w</sup>e<sup>s</sup>.
- All four patterns are symmetric, so n tokens with p pairs have (p + n) / 2 under causality.

On ${size(small.grid)} the window covers much of the grid, and nearby attention has more pairs than block-sparse and axial
attention; on the larger grids it has the fewest. On ${size(paper.grid)}, the size of the paper's videos, it has
${shareOfFull(nearby, paper.grid)} of the pairs of full attention, without causality.
${measured ? timesSection(measured) : ""}
## Making this page

\`\`\`sh
npm run build
${command}
\`\`\`

Options are listed by \`--help\`.
`;
}

function timesSection({ about, busy, rounds, heads, headDim, grid }) {
  const tokens = thousands(grid.frames * grid.height * grid.width);
  const warning = busy
    ? "\nOther programs were computing meanwhile, so the times are higher than need be."
    : "";
  return `
## How long it takes

The last two columns are times of \`attend\` on ${size(grid)} = ${tokens} tokens, causal, batch 1, ${heads} heads × ${headDim},
float32: the forward pass, and the forward pass with the gradients of query, key and value. The fastest and the median of
${rounds} rounds, in which the patterns take turns; neighbour tables are built before.

Measured with ${about}.${warning}
Times vary by machine, by backend and by what else the machine does: compare rows, not machines.
`;
}

/** `a, b and c`. */
function listed(items) {
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
