import { axial, blockSparse, full, nearby } from "@nuwa/attention-3dna";
import { videoGrid } from "@nuwa/tensor3d";

/** Of nearby attention, on every grid. */
export const window = { height: 3, width: 3, frames: 3 };

/**
 * Grids of the figure and of the table, each with a block that tiles it evenly. The last two are a video of
 * 10 frames of 16x16 and of 21x21 tokens, the paper's own size.
 */
export const grids = [
  { grid: videoGrid(4, 4, 2), block: { height: 2, width: 2, frames: 2 } },
  { grid: videoGrid(16, 16, 10), block: { height: 4, width: 4, frames: 5 } },
  { grid: videoGrid(21, 21, 10), block: { height: 7, width: 7, frames: 5 } },
];

/** The four patterns of the paper's Fig. 10 and Table 7. `formula` is the paper's, in Markdown. */
export function patternsWith(block) {
  return [
    { title: "Full", detail: "every token", formula: "O((hws)²)", pattern: full() },
    {
      title: "Block-sparse",
      detail: `blocks of ${size(block)}`,
      formula: "O((hws/b)²)",
      pattern: blockSparse({ block }),
    },
    {
      title: "Axial-sparse",
      detail: "the three axes",
      formula: "O((hws)(h+w+s))",
      pattern: axial(),
    },
    {
      title: "Nearby-sparse",
      detail: `a window of ${size(window)}`,
      formula: "O((hws)(e<sup>h</sup>e<sup>w</sup>e<sup>s</sup>))",
      pattern: nearby({ extent: window }),
    },
  ];
}

/** `10×16×16`: frames, height, width. */
export function size({ frames, height, width }) {
  return [frames, height, width].join("×");
}

/** `1,234`. */
export function thousands(count) {
  return count.toLocaleString("en-US");
}
