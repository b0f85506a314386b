import { formatDuration } from "../console/duration.ts";
import type { DemoResults } from "../demo/results.ts";
import { judgeRows, TEST_COLUMNS, type TestRow, testRows } from "../evaluate/test-table.ts";
import { CREDIT } from "../model/license.ts";
import { escapeText, lineChart } from "./chart.ts";
import { linesOf } from "./history-lines.ts";
import { page, section, type Tile, table, tileGrid } from "./page.ts";
import { tokenizerCharts } from "./tokenizer-charts.ts";

/** The pictures of the gallery, encoded. */
export interface GalleryTiles {
  readonly reconstructions: readonly Tile[];
  readonly images: { readonly train: readonly Tile[]; readonly heldOut: readonly Tile[] };
  readonly predictions: { readonly train: readonly Tile[]; readonly heldOut: readonly Tile[] };
  readonly videos: { readonly train: readonly Tile[]; readonly heldOut: readonly Tile[] };
}

/** The gallery as one HTML file that needs no other. */
export function galleryPage(results: DemoResults, tiles: GalleryTiles): string {
  const { machine, data, config, seconds, tokenizer, transformer } = results;
  const where = `${machine.backend} backend on ${machine.device}, ${machine.cores} cores`;
  const title = "What a small NÜWA makes";
  return page(title, [
    `<header><h1>${title}</h1><p>${escapeText(
      `One 3D transformer, trained from scratch in ${formatDuration(seconds.total)} (configuration “${config.name}”, ${where}) on ` +
        `${data.emoji.length} emoji, ${data.backgrounds.length} backgrounds and ${data.motions.length} motions. ` +
        "Combinations with a dashed frame were held out: training never saw them.",
    )}</p></header>`,
    section(
      "Pictures and their reconstructions",
      `The image tokenizer turns a picture into ${codesOf(results)} codes and back; the third picture is the absolute error. ` +
        `${tokenizer.psnr.train.toFixed(1)} dB on trained, ${tokenizer.psnr.heldOut.toFixed(1)} dB on held-out combinations.`,
      tileGrid(tiles.reconstructions),
    ),
    section(
      "Text → image: trained combinations",
      "Captions that training saw.",
      tileGrid(tiles.images.train),
    ),
    section(
      "Text → image: held-out combinations",
      "Captions that training never saw.",
      tileGrid(tiles.images.heldOut),
    ),
    section(
      "Video prediction: trained combinations",
      "The model saw the given frames, as the image tokenizer draws them and without any text, and predicted the others.",
      tileGrid(tiles.predictions.train),
    ),
    section(
      "Video prediction: held-out combinations",
      "The same for emoji on backgrounds, or in motions, that training never saw.",
      tileGrid(tiles.predictions.heldOut),
    ),
    section("Text → video: trained combinations", "From the caption alone.", tileGrid(tiles.videos.train)),
    section("Text → video: held-out combinations", "From the caption alone.", tileGrid(tiles.videos.heldOut)),
    section(
      "Caption test",
      "A judge, trained on real renderings only, picks a picture's caption among ten (five with another emoji on the same " +
        "background, four with the same emoji on another background), and names emoji, background and direction.",
      testTable("The model", testRows(results.captionTest)) +
        testTable("The judge on real pictures", judgeRows(results.judge)),
    ),
    section(
      "Training",
      `Image tokenizer: ${millions(tokenizer.parameters)} parameters, ${tokenizer.steps} steps. ` +
        `Transformer: ${millions(transformer.parameters)} parameters, ${transformer.steps} steps.`,
      `<div class="charts">\n${charts(results).join("\n")}\n</div>`,
    ),
    section("Time", `On ${machine.processor}.`, timeTable(seconds)),
    `<footer><p>${escapeText(CREDIT)} This gallery is published under the same licence, CC BY-SA 4.0.</p></footer>`,
  ]);
}

function testTable(title: string, rows: readonly TestRow[]): string {
  const titles = [title, ...TEST_COLUMNS.map((column) => column.title)];
  return table(
    titles,
    rows.map((row) => [row.name, ...TEST_COLUMNS.map(({ cell }) => cell(row))]),
  );
}

function charts({ tokenizer, transformer }: DemoResults): string[] {
  const xLabel = "step";
  return [
    ...tokenizerCharts(tokenizer.history),
    lineChart(
      linesOf(transformer.history, {
        textToImage: "text → image",
        videoPrediction: "video prediction",
        textToVideo: "text → video",
      }),
      { title: "Transformer: nats a token, training", xLabel },
    ),
    lineChart(
      linesOf(transformer.history, {
        "heldOut.textToImage": "text → image",
        "heldOut.videoPrediction": "video prediction",
        "heldOut.textToVideo": "text → video",
      }),
      { title: "Transformer: nats a token, held-out combinations", xLabel },
    ),
  ];
}

const TIMES: Readonly<Record<string, string>> = {
  tokenizer: "Image tokenizer",
  codes: "Codes of all pictures",
  transformer: "Transformer",
  judge: "Judge",
  images: "Making images",
  predictions: "Making predictions",
  videos: "Making videos",
  total: "All, with loading and measuring",
};

function timeTable(seconds: Readonly<Record<string, number>>): string {
  const known = Object.entries(TIMES).filter(([key]) => key in seconds);
  return table(
    ["", "time"],
    known.map(([key, name]) => [name, formatDuration(seconds[key])]),
  );
}

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} million`;

function codesOf({ config }: DemoResults): string {
  const { patch = 4, channels } = config.tokenizer.model as { patch?: number; channels: readonly number[] };
  const side = Number(config.data.size ?? 64) / (patch * 2 ** (channels.length - 1));
  return `${side} × ${side}`;
}
