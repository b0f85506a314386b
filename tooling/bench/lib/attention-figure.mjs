import { attentionMask, neighbourTable, pairCount } from "@nuwa/attention-3dna";
import { tokenCount, tokenIndex } from "@nuwa/tensor3d";
import { size, thousands } from "./attention-patterns.mjs";
import { element, text } from "./svg.mjs";
import { drawAxes, drawTokenGrid, frameTop, token, tokenGridSize, tokenShapes } from "./token-grid.mjs";

const margin = { left: 46, right: 24, top: 20, bottom: 20 };
const panelWidth = 244;
const cell = 6;
const gridTop = margin.top + 62;
const orange = "#f08a1c";
const grey = "#5b6470";
const ordinals = ["first", "second", "third", "fourth"];

/**
 * The paper's Fig. 10 as SVG: each pattern over the grid in causal attention, seen from one query, and the
 * whole mask below.
 *
 * @param patterns `{ title, detail, pattern }`
 * @param query its coordinate
 */
export function drawAttention({ grid, query, patterns }) {
  const drawing = tokenGridSize(grid);
  const maskTop = gridTop + drawing.height + 56;
  const legendTop = maskTop + tokenCount(grid) * cell + 66;
  const width = margin.left + patterns.length * panelWidth + margin.right;
  const height = Math.ceil(legendTop + 72 + margin.bottom);
  const panels = patterns.map((entry, index) =>
    drawPanel(entry, { grid, query, middle: margin.left + (index + 0.5) * panelWidth, maskTop }),
  );
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "font-family": "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
      "font-size": 13,
      fill: grey,
    },
    element("title", {}, "Four attention patterns"),
    element("desc", {}, `${patterns.map(({ title }) => title).join(", ")} on ${size(grid)} tokens`),
    element("rect", { width: "100%", height: "100%", fill: "#ffffff" }),
    tokenShapes(),
    panels,
    drawLegend(query, legendTop, width),
  );
}

function drawPanel({ title, detail, pattern }, { grid, query, middle, maskTop }) {
  const shape = { queryGrid: grid, causal: true };
  const count = tokenCount(grid);
  const own = tokenIndex(grid, query);
  const { offsets, keys } = neighbourTable(pattern, shape);
  const attended = new Set(keys.subarray(offsets[own], offsets[own + 1]));
  const kindOf = (index) => (index === own ? "query" : attended.has(index) ? "attended" : "other");
  const drawing = tokenGridSize(grid);
  const left = middle - drawing.width / 2;
  const maskLeft = middle - (count * cell) / 2;
  const pairs = pairCount(pattern, shape);
  const centred = { "text-anchor": "middle" };
  return element(
    "g",
    { class: "pattern" },
    text(middle, margin.top + 18, title, {
      ...centred,
      "font-size": 18,
      "font-weight": 600,
      fill: "#15191f",
    }),
    text(middle, margin.top + 38, detail, centred),
    frameNumbers(grid).map((frame) =>
      text(left + 8, gridTop + frameTop(grid, frame) - 1, `${ordinals[frame]} frame`, { "font-size": 12 }),
    ),
    drawTokenGrid(grid, kindOf, { left, top: gridTop }),
    text(
      middle,
      gridTop + drawing.height + 24,
      `the query attends ${attended.size} of ${count} tokens`,
      centred,
    ),
    drawMask(attentionMask(pattern, shape), { grid, own, left: maskLeft, top: maskTop }),
    text(middle, maskTop + count * cell + 34, `${thousands(pairs)} pairs`, {
      ...centred,
      "font-size": 14,
      "font-weight": 600,
      fill: "#15191f",
    }),
  );
}

/** The mask, a row for each query: white where it attends, black where masked. */
function drawMask(mask, { grid, own, left, top }) {
  const count = tokenCount(grid);
  const side = count * cell;
  const cells = { attended: "", masked: "" };
  for (const [index, attended] of mask.entries()) {
    const place = `M${index % count} ${Math.floor(index / count)}`;
    cells[attended ? "attended" : "masked"] += `${place}h1v1h-1z`;
  }
  const placed = `translate(${left} ${top.toFixed(2)}) scale(${cell})`;
  const lines = Array.from({ length: count + 1 }, (_, index) => `M${index} 0v${count}M0 ${index}h${count}`);
  return [
    element(
      "g",
      { transform: placed },
      element("path", { class: "masked", d: cells.masked, fill: "#000000" }),
      element("path", { class: "attended", d: cells.attended, fill: "#ffffff" }),
      element("path", { d: lines.join(""), stroke: "#8d949e", "stroke-width": 0.1 }),
    ),
    element("rect", {
      x: left,
      y: top + own * cell,
      width: side,
      height: cell,
      fill: "none",
      stroke: orange,
      "stroke-width": 2,
    }),
    frameNumbers(grid).map((frame) => frameLabels(grid, frame, { left, top, side })),
    frameTicks(grid, { left, top, side }),
  ];
}

/** The name of a frame's keys below the mask and of its queries beside it. */
function frameLabels(grid, frame, { left, top, side }) {
  const length = side / grid.frames;
  const at = (frame + 0.5) * length;
  const centred = { "text-anchor": "middle", "font-size": 12 };
  const [x, y] = [left - 6, top + at];
  return [
    text(left + at, top + side + 14, `${ordinals[frame]} frame`, centred),
    text(x, y, `${ordinals[frame]} frame`, { ...centred, transform: `rotate(-90 ${x} ${y.toFixed(2)})` }),
  ];
}

/** Short lines outside the mask where one frame ends and the next begins. */
function frameTicks(grid, { left, top, side }) {
  const inner = frameNumbers(grid).slice(1);
  const places = inner.map((frame) => (frame / grid.frames) * side);
  const d = places.map(
    (at) => `M${left} ${(top + at).toFixed(2)}h-12M${left + at} ${(top + side).toFixed(2)}v12`,
  );
  return element("path", { d: d.join(""), stroke: "#8d949e" });
}

function drawLegend({ row, column, frame }, top, width) {
  const columns = [margin.left + 12, margin.left + 396];
  const lines = [top + 18, top + 42, top + 66];
  const place = `${ordinals[row]} row, ${ordinals[column]} column, ${ordinals[frame]} frame`;
  const boxes = [
    ["query", `the query (${place})`],
    ["attended", "a token that it attends, besides itself"],
    ["other", "a token that it does not attend"],
  ];
  const squares = [
    [{ fill: "#ffffff", stroke: "#8d949e" }, "attended: a row for each query, a column for each key"],
    [{ fill: "#000000" }, "masked: outside the pattern, or later than the query"],
    [{ fill: "#ffffff", stroke: orange, "stroke-width": 2 }, "the row of the query above"],
  ];
  return [
    element("path", { d: `M${margin.left} ${top - 8}H${width - margin.right}`, stroke: "#d9dce1" }),
    boxes.map(
      ([kind, words], line) =>
        token(kind, columns[0], lines[line] - 6, 0.6) + text(columns[0] + 24, lines[line], words),
    ),
    squares.map(
      ([look, words], line) =>
        element("rect", { x: columns[1], y: lines[line] - 10, width: 12, height: 12, ...look }) +
        text(columns[1] + 24, lines[line], words),
    ),
    drawAxes(width - margin.right - 96, top + 14),
  ];
}

function frameNumbers({ frames }) {
  return Array.from({ length: frames }, (_, frame) => frame);
}
