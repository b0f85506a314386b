import { coordinateOf, tokenCount } from "@nuwa/tensor3d";
import { element, polygon, text } from "./svg.mjs";

/** Half the width and half the height of a token's place, and the height of a token. */
const [across, down, thickness] = [21, 12.1, 10];
/** The part of its place that a token covers. */
const share = 0.84;
const frameGap = 20;
const colours = {
  query: { top: "#ff9a2e", left: "#dc7410", right: "#b95c06" },
  attended: { top: "#5b9bf0", left: "#3574cc", right: "#2459a6" },
  other: { top: "#eef0f3", left: "#d3d7dd", right: "#bcc2ca" },
};

/** One box of each kind, for `<use>`. */
export function tokenShapes() {
  return element(
    "defs",
    {},
    Object.entries(colours).map(([kind, faces]) => element("g", { id: kind }, box(faces))),
  );
}

/** A token of a kind (`query`, `attended` or `other`), the middle of its top at a point. */
export function token(kind, x, y, scale = 1) {
  if (scale === 1) return element("use", { href: `#${kind}`, x, y });
  return element("use", { href: `#${kind}`, transform: `translate(${x} ${y}) scale(${scale})` });
}

/** How wide and how high the drawing of a grid is. */
export function tokenGridSize(grid) {
  return {
    width: (grid.height + grid.width) * across,
    height: (grid.frames - 1) * frameStep(grid) + frameHeight(grid),
  };
}

/**
 * The grid in isometric projection, a frame below the one before: rows go to the lower left, columns to the
 * lower right.
 *
 * @param left @param top the corner of the drawing
 * @param kindOf the kind of a token by its index
 */
export function drawTokenGrid(grid, kindOf, { left, top }) {
  const backCorner = left + grid.height * across;
  const tokens = Array.from({ length: tokenCount(grid) }, (_, index) => {
    const { row, column, frame } = coordinateOf(grid, index);
    const x = backCorner + (column - row) * across;
    const y = top + frame * frameStep(grid) + (row + column + 1) * down;
    return { depth: frame * (grid.height + grid.width) + row + column, drawn: token(kindOf(index), x, y) };
  });
  tokens.sort((a, b) => a.depth - b.depth); // what lies in front is drawn later
  return edges(grid, left, top) + tokens.map(({ drawn }) => drawn).join("");
}

/** Where frame `frame` begins, below the top of the drawing. */
export function frameTop(grid, frame) {
  return frame * frameStep(grid);
}

/** Arrows that name the axes. */
export function drawAxes(x, y) {
  const arrow = (dx, dy) => element("path", { d: `M${x} ${y}l${dx} ${dy}`, "marker-end": "url(#arrowhead)" });
  const head = element(
    "marker",
    {
      id: "arrowhead",
      viewBox: "0 0 8 8",
      refX: 6,
      refY: 4,
      markerWidth: 7,
      markerHeight: 7,
      orient: "auto",
    },
    element("path", { d: "M0 0L8 4L0 8z", fill: "#6b7280" }),
  );
  return (
    element("defs", {}, head) +
    element("g", { stroke: "#6b7280", "stroke-width": 1.4, fill: "none" }, [
      arrow(across * 1.5, down * 1.5),
      arrow(-across * 1.5, down * 1.5),
      arrow(0, down * 3),
    ]) +
    text(x + across * 1.5 + 6, y + down * 1.5 + 5, "columns") +
    text(x - across * 1.5 - 6, y + down * 1.5 + 5, "rows", { "text-anchor": "end" }) +
    text(x, y + down * 3 + 15, "frames", { "text-anchor": "middle" })
  );
}

function frameHeight(grid) {
  return (grid.height + grid.width) * down + thickness;
}

function frameStep(grid) {
  return frameHeight(grid) + frameGap;
}

/** Dashed edges that join the left and the right corners of the frames. */
function edges(grid, left, top) {
  const length = (grid.frames - 1) * frameStep(grid) - thickness;
  const corners = [
    [left + across * (1 - share), top + grid.height * down + thickness],
    [left + (grid.height + grid.width) * across - across * (1 - share), top + grid.width * down + thickness],
  ];
  const d = corners.map(([x, y]) => `M${x.toFixed(2)} ${y.toFixed(2)}v${length.toFixed(2)}`).join("");
  return element("path", { d, stroke: "#9aa1ab", "stroke-dasharray": "3 4", fill: "none" });
}

function box({ top, left, right }) {
  const [w, h, t] = [across * share, down * share, thickness];
  const faces = [
    [
      top,
      [
        [-w, 0],
        [0, -h],
        [w, 0],
        [0, h],
      ],
    ],
    [
      left,
      [
        [-w, 0],
        [0, h],
        [0, h + t],
        [-w, t],
      ],
    ],
    [
      right,
      [
        [w, 0],
        [0, h],
        [0, h + t],
        [w, t],
      ],
    ],
  ];
  return faces.map(([fill, points]) => element("path", { d: polygon(points), fill }));
}
