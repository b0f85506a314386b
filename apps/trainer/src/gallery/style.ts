/** Colours of a chart's lines on a light and on a dark page. */
export const SERIES_COLOURS = {
  light: ["#2563eb", "#d97706", "#059669", "#9333ea", "#dc2626", "#0891b2", "#65a30d", "#be185d"],
  dark: ["#60a5fa", "#fbbf24", "#34d399", "#c084fc", "#f87171", "#22d3ee", "#a3e635", "#f472b6"],
} as const;

const seriesVariables = (colours: readonly string[]): string =>
  colours.map((colour, index) => `--series-${index}: ${colour};`).join(" ");

/** The page's look, for light and dark. */
export const STYLE = `:root {
  color-scheme: light dark;
  --ink: #1d2330; --soft: #5d6678; --paper: #fbfbfd; --card: #ffffff; --line: #dfe3ec; --mark: #b45309;
  ${seriesVariables(SERIES_COLOURS.light)}
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e8ebf2; --soft: #9aa4b8; --paper: #12151c; --card: #1a1f29; --line: #2c3442; --mark: #fbbf24;
    ${seriesVariables(SERIES_COLOURS.dark)}
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .2rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .3rem 0 1rem; color: var(--soft); max-width: 72ch; }
.tiles { display: flex; flex-wrap: wrap; gap: 14px; }
.tile { margin: 0; width: 150px; padding: 10px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.tile.held-out { border: 2px dashed var(--mark); padding: 9px; }
.tile.wide { width: calc(var(--pictures) * 134px + 16px); }
.tile div { display: flex; gap: 6px; }
.tile span { display: block; text-align: center; }
.tile small { display: block; color: var(--soft); font-size: .75rem; }
.tile img { display: block; width: 128px; height: 128px; image-rendering: pixelated; border-radius: 4px; }
.tile figcaption { margin-top: 6px; font-size: .85rem; line-height: 1.3; }
.tile b { color: var(--mark); }
.tile .strip { gap: 4px; margin-top: 8px; }
.strip span { flex: var(--count) 0 0; display: grid; grid-template-columns: repeat(var(--count), 1fr); gap: 2px; align-content: start; background: var(--kind); border: 2px solid var(--kind); border-radius: 6px; overflow: hidden; }
.strip small { grid-column: 1 / -1; color: var(--card); font-weight: 600; line-height: 1.5; }
.strip img { width: 100%; height: auto; border-radius: 0; }
.given { --kind: var(--soft); }
.predicted { --kind: var(--series-0); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); gap: 14px; }
.chart { margin: 0; padding: 12px; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.chart figcaption { font-weight: 600; margin-bottom: 6px; }
.chart svg { display: block; width: 100%; height: auto; font-size: 11px; fill: var(--soft); }
.chart .grid { stroke: var(--line); stroke-width: 1; }
.chart .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 14px; margin: 6px 0 0; font-size: .82rem; }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 3px; margin-right: 5px; }
.legend b { color: var(--ink); font-weight: 600; }
.table { overflow-x: auto; margin-bottom: 1rem; }
table { border-collapse: collapse; background: var(--card); border: 1px solid var(--line); font-size: .92rem; }
th, td { padding: 7px 12px; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child { text-align: left; font-weight: 500; }
thead th { color: var(--soft); font-weight: 600; }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); font-size: .88rem; }
`;
