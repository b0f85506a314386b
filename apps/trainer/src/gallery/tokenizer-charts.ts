import type { HistoryEntry } from "../run/history.ts";
import { lineChart } from "./chart.ts";
import { linesOf } from "./history-lines.ts";

const CHARTS: readonly {
  readonly title: string;
  readonly lines: Readonly<Record<string, string>>;
  readonly logarithmic?: boolean;
}[] = [
  {
    title: "Image tokenizer: loss",
    lines: { loss: "loss", reconstruction: "reconstruction", perceptual: "perceptual" },
    logarithmic: true,
  },
  {
    title: "Image tokenizer: discriminator",
    lines: { discriminator: "loss", adversarial: "decoder's loss" },
  },
  { title: "Image tokenizer: codes in use", lines: { perplexity: "perplexity of the codes" } },
  {
    title: "Image tokenizer: pictures left out of training",
    lines: {
      "validation.ssim": "SSIM",
      "validation.pixelAccuracy": "pixel accuracy",
      "validation.frequencyWeightedIoU": "frequency-weighted IoU",
    },
  },
  { title: "Image tokenizer: PSNR of pictures left out of training", lines: { "validation.psnr": "dB" } },
];

/** How a tokenizer's training went; only what its history has. */
export function tokenizerCharts(history: readonly HistoryEntry[]): string[] {
  return CHARTS.flatMap(({ title, lines, logarithmic }) => {
    const series = linesOf(history, lines).filter(({ points }) => points.length > 0);
    return series.length > 0 ? [lineChart(series, { title, xLabel: "step", logarithmic })] : [];
  });
}
