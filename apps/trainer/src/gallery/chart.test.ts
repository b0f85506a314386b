import { expect, test } from "vitest";
import { chartFile, escapeText, lineChart } from "./chart.ts";

const options = { title: "Loss", xLabel: "step" };

test("draws one line for each series, in its own colour, over the whole area", () => {
  const svg = lineChart(
    [
      {
        name: "train",
        points: [
          [0, 4],
          [50, 2],
          [100, 0],
        ],
      },
      {
        name: "held out",
        points: [
          [0, 4],
          [100, 1],
        ],
      },
    ],
    options,
  );
  expect(svg).toContain('style="stroke:var(--series-0)" points="52.0,12.0 250.0,109.0 448.0,206.0"');
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  expect(svg).toContain("<b>0</b>");
});

test("a logarithmic axis spaces powers of ten equally and leaves out what is not above zero", () => {
  const svg = lineChart(
    [
      {
        name: "loss",
        points: [
          [0, 100],
          [1, 10],
          [2, 1],
          [3, 0],
          [4, Number.NaN],
        ],
      },
    ],
    {
      ...options,
      logarithmic: true,
    },
  );
  expect(svg).toContain('points="52.0,12.0 250.0,109.0 448.0,206.0"');
});

test("long series are thinned by means of neighbours", () => {
  const points = Array.from({ length: 10_000 }, (_, step) => [step, step] as const);
  expect(lineChart([{ name: "a", points }], options).length).toBeLessThan(8000);
});

test("constant and missing data", () => {
  expect(lineChart([{ name: "a", points: [[3, 5]] }], options)).toContain("<polyline");
  expect(lineChart([{ name: "a", points: [] }], options)).toContain("no data");
});

test("a file by itself has its colours, title and legend", () => {
  const svg = chartFile(
    [
      {
        name: "a & b",
        points: [
          [0, 1],
          [2, 3],
        ],
      },
      {
        name: "c",
        points: [
          [0, 2],
          [2, 1],
        ],
      },
    ],
    options,
  );
  expect(svg).toMatch(/^<svg xmlns/);
  expect(svg).toContain("stroke:#2563eb");
  expect(svg).toContain("stroke:#d97706");
  expect(svg).not.toContain("var(");
  expect(svg).toContain("<title>Loss</title>");
  expect(svg).toContain(">Loss</text>");
  expect(svg).toContain(">a &amp; b 3</text>");
  expect(chartFile([], options)).toMatch(/<\/svg>\n$/);
});

test("names are escaped", () => {
  expect(escapeText(`<b title="x">&'`)).toBe("&lt;b title=&quot;x&quot;&gt;&amp;&#39;");
  expect(lineChart([{ name: "<script>", points: [[0, 1]] }], options)).not.toContain("<script>");
});
