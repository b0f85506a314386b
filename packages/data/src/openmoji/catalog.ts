import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { shortNames } from "./short-names.ts";

/** One drawing of OpenMoji. */
export interface EmojiEntry {
  /** Lower-case ASCII, unique among the drawings: the short name where there is one, else the annotation. */
  readonly name: string;
  /** OpenMoji's own name. */
  readonly annotation: string;
  /** Names its files, `<hexcode>.svg`. */
  readonly hexcode: string;
  /** For example `animals-nature`. */
  readonly group: string;
  /** For example `animal-bird`. */
  readonly subgroup: string;
}

/** The drawings of the installed `openmoji` package. */
export interface Catalog {
  readonly version: string;
  /** Folder of the package. */
  readonly folder: string;
  /** In OpenMoji's order, without skin tones and clock faces. */
  readonly entries: readonly EmojiEntry[];
}

/**
 * Reads the annotations of the npm package `openmoji`.
 *
 * @throws NuwaError `FILE` when the package is missing or unreadable
 */
export async function readCatalog(): Promise<Catalog> {
  try {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve("openmoji/package.json");
    const folder = dirname(manifest);
    const { version } = JSON.parse(await readFile(manifest, "utf8")) as { version: string };
    const rows = JSON.parse(await readFile(join(folder, "data", "openmoji.json"), "utf8")) as Row[];
    return { version, folder, entries: uniqueByName(rows.filter(isWanted).map(entryOf)) };
  } catch (cause) {
    throw new NuwaError(
      "FILE",
      `readCatalog: wanted the npm package openmoji 17, got "${(cause as Error).message}". Install it: pnpm add openmoji@17.`,
      { cause },
    );
  }
}

interface Row {
  readonly annotation: string;
  readonly hexcode: string;
  readonly group: string;
  readonly subgroups: string;
  readonly skintone: string | number;
}

function isWanted(row: Row): boolean {
  const code = /^[0-9A-F]+$/.test(row.hexcode) ? Number.parseInt(row.hexcode, 16) : 0;
  const isClockFace = code >= 0x1f550 && code <= 0x1f567;
  return row.skintone === "" && !isClockFace;
}

function entryOf(row: Row): EmojiEntry {
  const plain = plainName(row.annotation);
  const name = shortNames[plain] ?? plain;
  return {
    name,
    annotation: row.annotation,
    hexcode: row.hexcode,
    group: row.group,
    subgroup: row.subgroups,
  };
}

/** `"Woman’s boot"` -> `"woman's boot"`: lower case, ASCII. */
function plainName(annotation: string): string {
  const decomposed = annotation.toLowerCase().replaceAll("’", "'").normalize("NFKD");
  return decomposed.replace(/[\u0300-\u036f]/g, "");
}

/** Keeps the first of drawings with one name (they lie outside the everyday groups). */
function uniqueByName(entries: readonly EmojiEntry[]): EmojiEntry[] {
  const byName = new Map<string, EmojiEntry>();
  for (const entry of entries) if (!byName.has(entry.name)) byName.set(entry.name, entry);
  return [...byName.values()];
}
