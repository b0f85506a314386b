import { escapeText } from "./chart.ts";
import { STYLE } from "./style.ts";

/** A whole page that needs no other file. */
export function page(title: string, body: readonly string[]): string {
  return (
    `<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n` +
    `<meta name="viewport" content="width=device-width, initial-scale=1">\n` +
    `<title>${escapeText(title)}</title>\n<style>\n${STYLE}</style>\n</head>\n<body>\n<main>\n` +
    `${body.join("\n")}\n</main>\n</body>\n</html>\n`
  );
}

/** A titled part of the page with a line of explanation. */
export function section(title: string, explanation: string, content: string): string {
  return `<section>\n<h2>${escapeText(title)}</h2>\n<p>${escapeText(explanation)}</p>\n${content}\n</section>`;
}

/** One picture of a grid. */
export interface Tile {
  /** Data addresses of pictures that lie side by side, each with what it shows. */
  readonly pictures: readonly { readonly source: string; readonly label?: string }[];
  /** Data addresses of a video's single frames, in order: those that were given, and those that were predicted. */
  readonly frames?: Readonly<Record<"given" | "predicted", readonly string[]>>;
  readonly caption: string;
  /** A held-out combination: training never saw it. */
  readonly heldOut: boolean;
}

/** Pictures with their captions; held-out combinations are marked in words and by their frame. */
export function tileGrid(tiles: readonly Tile[]): string {
  const items = tiles.map(({ pictures, frames, caption, heldOut }) => {
    const alt = escapeText(caption);
    const images = pictures.map(({ source, label }) => {
      const note = label === undefined ? "" : `<small>${escapeText(label)}</small>`;
      return `<span><img src="${source}" alt="${alt}" loading="lazy">${note}</span>`;
    });
    const mark = heldOut ? "<b>held out</b> " : "";
    const classes = `tile${pictures.length > 1 ? " wide" : ""}${heldOut ? " held-out" : ""}`;
    return `<figure class="${classes}" style="--pictures:${pictures.length}"><div>${images.join("")}</div>${frames ? frameStrip(frames) : ""}<figcaption>${mark}${alt}</figcaption></figure>`;
  });
  return `<div class="tiles">\n${items.join("\n")}\n</div>`;
}

/** The frames in a row, in two groups that their colours and titles tell apart. */
function frameStrip(frames: NonNullable<Tile["frames"]>): string {
  const group = (kind: "given" | "predicted", before: number): string => {
    const images = frames[kind].map(
      (source, index) => `<img src="${source}" alt="${kind} frame ${before + index + 1}" loading="lazy">`,
    );
    return `<span class="${kind}" style="--count:${images.length}"><small>${kind}</small>${images.join("")}</span>`;
  };
  return `<div class="strip">${group("given", 0)}${group("predicted", frames.given.length)}</div>`;
}

/** A table: titles, and rows whose first cell names them. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = titles.map((title) => `<th scope="col">${escapeText(title)}</th>`).join("");
  const body = rows.map(
    ([name, ...cells]) =>
      `<tr><th scope="row">${escapeText(name)}</th>${cells.map((cell) => `<td>${escapeText(cell)}</td>`).join("")}</tr>`,
  );
  return `<div class="table"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table></div>`;
}
