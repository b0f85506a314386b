const fontSize = 10;
/** Mean width of a character of a sans-serif font. */
const characterWidth = 0.56 * fontSize;

/** A cell's caption: lines below (left, top), centred in its width. */
export interface CaptionCell {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly lines: readonly string[];
  /** Written in the colour of the mark. */
  readonly marked: boolean;
}

/** Lines of whole words that fit into `width` pixels. */
export function wrapCaption(caption: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of caption.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length * characterWidth <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** An SVG of the sheet's size with all captions. */
export function captionOverlay(
  width: number,
  height: number,
  cells: readonly CaptionCell[],
  lineHeight: number,
): Buffer {
  const texts = cells.flatMap((cell) =>
    cell.lines.map((line, index) => {
      const x = cell.left + cell.width / 2;
      const y = cell.top + (index + 1) * lineHeight;
      return `<text x="${x}" y="${y}"${cell.marked ? ' fill="#c01818"' : ""}>${escapeXml(line)}</text>`;
    }),
  );
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" ` +
      `font-size="${fontSize}" text-anchor="middle">${texts.join("")}</svg>`,
  );
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
