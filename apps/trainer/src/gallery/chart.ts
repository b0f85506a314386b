import { SERIES_COLOURS } from "./style.ts";

/** One line of a chart: values over steps, in ascending order of steps. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [step: number, value: number])[];
}

export interface ChartOptions {
  readonly title: string;
  readonly xLabel: string;
  /** A logarithmic vertical axis; all values must be above zero, others are left out. */
  readonly logarithmic?: boolean;
}

const WIDTH = 460;
const HEIGHT = 240;
const TITLE = 24;
const MARGIN = { left: 52, right: 12, top: 12, bottom: 34 };

/** An inline SVG line chart in the colours of the page (`--series-0` …, `currentColor`), with a legend. */
export function lineChart(series: readonly Series[], options: ChartOptions): string {
  const { title } = options;
  const shown = shownSeries(series, options);
  if (shown.length === 0)
    return `<figure class="chart"><figcaption>${escapeText(title)}: no data</figcaption></figure>`;
  const legend = shown.map(
    ({ name, points }, index) =>
      `<span><i style="background:var(--series-${index})"></i>${escapeText(name)} <b>${tickLabel(points.at(-1)![1])}</b></span>`,
  );
  return (
    `<figure class="chart"><figcaption>${escapeText(title)}</figcaption>` +
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">` +
    `${plot(shown, options)}</svg>` +
    `<p class="legend">${legend.join("")}</p></figure>`
  );
}

/** The same as an SVG file by itself, on white, with the title above and the legend at the right. */
export function chartFile(series: readonly Series[], options: ChartOptions): string {
  const shown = shownSeries(series, options);
  const legend = shown.map(({ name, points }, index) => {
    const y = MARGIN.top + 8 + 18 * index;
    return (
      `<rect x="${WIDTH + 8}" y="${y - 8}" width="10" height="10" rx="3" style="fill:var(--series-${index})"/>` +
      `<text x="${WIDTH + 24}" y="${y + 1}">${escapeText(name)} ${tickLabel(points.at(-1)![1])}</text>`
    );
  });
  const [width, height] = [WIDTH + 150, HEIGHT + TITLE];
  const drawn = shown.length > 0 ? plot(shown, options) + legend.join("") : "";
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${1.5 * width}" height="${1.5 * height}" ` +
    `font-family="system-ui, sans-serif" font-size="11" fill="#5d6678" role="img">\n` +
    `<title>${escapeText(options.title)}</title>\n` +
    `<style>.grid { stroke: #dfe3ec } .line { fill: none; stroke-width: 1.8; stroke-linejoin: round }</style>\n` +
    `<rect width="100%" height="100%" fill="#ffffff"/>\n` +
    `<text x="${MARGIN.left}" y="18" font-size="13" font-weight="600" fill="#1d2330">${escapeText(options.title)}</text>\n` +
    `<g transform="translate(0 ${TITLE})">${drawn}</g>\n</svg>\n`;
  return svg.replace(/var\(--series-(\d+)\)/g, (_, index) => SERIES_COLOURS.light[index]);
}

/** The series that have something to draw, without what no axis can show. */
function shownSeries(series: readonly Series[], { logarithmic }: ChartOptions): Series[] {
  return series
    .map(({ name, points }) => ({
      name,
      points: points.filter(([, y]) => Number.isFinite(y) && (!logarithmic || y > 0)),
    }))
    .filter(({ points }) => points.length > 0);
}

/** Axes and lines, `WIDTH` by `HEIGHT`. */
function plot(shown: readonly Series[], { xLabel, logarithmic = false }: ChartOptions): string {
  const all = shown.flatMap(({ points }) => points);
  const transform = logarithmic ? Math.log10 : (value: number): number => value;
  const xRange = rangeOf(all.map(([x]) => x));
  const yRange = rangeOf(all.map(([, y]) => transform(y)));
  const toX = (x: number): number => scale(x, xRange, MARGIN.left, WIDTH - MARGIN.right);
  const toY = (y: number): number => scale(transform(y), yRange, HEIGHT - MARGIN.bottom, MARGIN.top);
  const yTicks = (logarithmic ? logTicks(yRange) : ticks(yRange)).map((value) => {
    const y = toY(value).toFixed(1);
    return (
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y}" y2="${y}"/>` +
      `<text x="${MARGIN.left - 6}" y="${y}" text-anchor="end" dominant-baseline="middle">${tickLabel(value)}</text>`
    );
  });
  const xTicks = ticks(xRange).map(
    (value) =>
      `<text x="${toX(value).toFixed(1)}" y="${HEIGHT - 18}" text-anchor="middle">${tickLabel(value)}</text>`,
  );
  const lines = shown.map(({ points }, index) => {
    const path = thin(points).map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`);
    return `<polyline class="line" style="stroke:var(--series-${index})" points="${path.join(" ")}"/>`;
  });
  const label = `<text x="${(MARGIN.left + WIDTH) / 2}" y="${HEIGHT - 3}" text-anchor="middle">${escapeText(xLabel)}</text>`;
  return `${yTicks.join("")}${xTicks.join("")}${lines.join("")}${label}`;
}

/** Text made safe between tags and inside quoted attributes. */
export function escapeText(text: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return text.replace(/[&<>"']/g, (character) => entities[character]);
}

type Range = readonly [low: number, high: number];

function rangeOf(values: readonly number[]): Range {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

const scale = (value: number, [low, high]: Range, from: number, to: number): number =>
  from + ((value - low) / (high - low)) * (to - from);

/** Round numbers, about five, inside the range. */
function ticks([low, high]: Range): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
}

/** Powers of ten with their 2 and 5, for a range of exponents. */
function logTicks([low, high]: Range): number[] {
  const found: number[] = [];
  for (let exponent = Math.floor(low); exponent <= Math.ceil(high); exponent++) {
    for (const factor of high - low > 3 ? [1] : [1, 2, 5]) {
      const value = factor * 10 ** exponent;
      const position = Math.log10(value);
      if (position >= low - 1e-9 && position <= high + 1e-9) found.push(value);
    }
  }
  return found;
}

function tickLabel(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return `${Number((value / 1000).toPrecision(3))}k`;
  return size < 0.001 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}

const MOST_POINTS = 240;

/** At most a few hundred points: the mean of each group of neighbours. */
function thin(points: Series["points"]): Series["points"] {
  const group = Math.ceil(points.length / MOST_POINTS);
  if (group <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / group) }, (_, index) => {
    const part = points.slice(index * group, (index + 1) * group);
    const mean = (axis: 0 | 1): number => part.reduce((sum, point) => sum + point[axis], 0) / part.length;
    return [mean(0), mean(1)] as const;
  });
}
