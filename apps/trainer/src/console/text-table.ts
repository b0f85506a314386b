/** Rows of cells as lines of text: the first column to the left, the others to the right, two spaces between. */
export function textTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
      .join("  "),
  );
}

/** The same as a table in Markdown; the first row holds the titles. */
export function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const [titles, ...rest] = rows;
  return [line(titles), line(titles.map((_, column) => (column === 0 ? "---" : "---:"))), ...rest.map(line)];
}
