import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { MovingOpenMoji } from "@nuwa/data";
import { parameterCount } from "@nuwa/tensor3d";
import { codeGrid } from "@nuwa/vqgan";
import { formatDuration } from "../console/duration.ts";
import { replaceFolder } from "../files/replace-folder.ts";
import { CREDIT, LICENSE_TEXT } from "../model/license.ts";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { kindName } from "../model/tokenizer-kind.ts";
import type { HistoryEntry } from "../run/history.ts";
import { escapeText } from "./chart.ts";
import { page, section, type Tile, tileGrid } from "./page.ts";
import { reconstructionTiles } from "./reconstruction-tiles.ts";
import { tokenizerCharts } from "./tokenizer-charts.ts";

/** Writes a trained tokenizer's `index.html` and `LICENSE.txt`, both or none. @throws NuwaError `FILE` */
export async function writeTokenizerGallery(
  path: string,
  tokenizer: Required<ImageTokenizer>,
  history: readonly HistoryEntry[],
  dataset: MovingOpenMoji,
): Promise<void> {
  const tiles = await reconstructionTiles(tokenizer, dataset);
  await replaceFolder(path, ["index.html"], async (folder) => {
    await writeFile(join(folder, "index.html"), tokenizerPage(tokenizer, history, tiles));
    await writeFile(join(folder, "LICENSE.txt"), LICENSE_TEXT);
  });
}

function tokenizerPage(
  { name, input, model, training }: Required<ImageTokenizer>,
  history: readonly HistoryEntry[],
  tiles: readonly Tile[],
): string {
  const { config } = model;
  const { height, width } = codeGrid(config);
  const shows = { pixels: "pictures", sketch: "line art", segmentation: "segmentations" }[input];
  return page(`Image tokenizer ${name}`, [
    `<header><h1>Image tokenizer ${escapeText(name)}</h1><p>${escapeText(
      `A ${kindName(config)} of ${shows}: ${config.resolution} × ${config.resolution} pixels become ` +
        `${height} × ${width} of ${config.codebookSize} codes, and back. ` +
        `${(parameterCount(model) / 1e6).toFixed(2)} million parameters, ${training.steps} steps in ` +
        `${formatDuration(training.seconds)}.`,
    )}</p></header>`,
    section(
      "Reconstructions",
      "The picture, what comes back, and the absolute error. Combinations with a dashed frame were held out.",
      tileGrid(tiles),
    ),
    section("Training", "", `<div class="charts">\n${tokenizerCharts(history).join("\n")}\n</div>`),
    `<footer><p>${escapeText(CREDIT)} This gallery is published under the same licence, CC BY-SA 4.0.</p></footer>`,
  ]);
}
