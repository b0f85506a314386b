import { downsampling } from "@nuwa/vqgan";
import type { ImageTokenizer } from "../model/tokenizer-folder.ts";
import { kindName } from "../model/tokenizer-kind.ts";
import type { TokenizerFigures } from "./evaluate.ts";
import type { ClassFigures, PixelFigures } from "./scores.ts";

/** A tokenizer on pictures of one kind; what does not apply is absent. */
export interface TokenizerRow extends Partial<PixelFigures>, Partial<ClassFigures> {
  readonly model: string;
  readonly kind: string;
  readonly quantizer?: string;
  /** What the pictures show. */
  readonly data: string;
  /** Height and width of a picture in pixels. */
  readonly resolution: number;
  /** The same in codes. */
  readonly grid: number;
  readonly downsampling: number;
  readonly codebookSize?: number;
  readonly usage?: number;
  readonly perplexity?: number;
  readonly stability?: number;
  /** The network whose features the Fréchet distance compares. */
  readonly features?: string;
}

/** A tokenizer's figures as a row. */
export function rowOf(
  label: string,
  { model: { config }, input }: Pick<ImageTokenizer, "model" | "input">,
  group: "trained" | "unseen",
  figures: TokenizerFigures,
  { size, features }: { readonly size: number; readonly features?: string },
): TokenizerRow {
  const side = downsampling(config);
  return {
    model: label,
    kind: kindName(config),
    quantizer: config.quantizer.kind,
    data: dataWords(input, group, figures),
    resolution: size,
    grid: size / side,
    downsampling: side,
    codebookSize: config.codebookSize,
    features: "frechetDistance" in figures ? features : undefined,
    ...figures,
  };
}

function dataWords(
  input: ImageTokenizer["input"],
  group: "trained" | "unseen",
  { drawings, heldOutCombinations }: TokenizerFigures,
): string {
  if (input !== "pixels") return `${input} of ${drawings} ${group} drawings`;
  if (group === "unseen") return `${drawings} unseen drawings`;
  return `${drawings} trained drawings, ${heldOutCombinations ? "held-out" : "trained"} combinations`;
}

interface Column {
  readonly title: string;
  readonly cell: (row: TokenizerRow) => string | undefined;
}

const before: readonly Column[] = [
  { title: "model", cell: ({ model }) => model },
  { title: "kind", cell: ({ kind }) => kind },
  { title: "quantizer", cell: ({ quantizer }) => quantizer },
  { title: "data", cell: ({ data }) => data },
  { title: "R → D", cell: ({ resolution, grid }) => `${resolution}² → ${grid}²` },
  { title: "rate", cell: (row) => `F${row.downsampling}` },
  { title: "codes", cell: ({ codebookSize }) => codebookSize?.toString() },
  { title: "used", cell: ({ usage }) => percent(usage) },
  { title: "perplexity", cell: ({ perplexity }) => perplexity?.toFixed(1) },
];

const after: readonly Column[] = [{ title: "stability", cell: ({ stability }) => percent(stability) }];

/** Of tokenizers of pixels. */
export const pixelColumns: readonly Column[] = [
  ...before,
  { title: "SSIM", cell: ({ ssim }) => ssim?.toFixed(4) },
  { title: "PSNR", cell: ({ psnr }) => psnr?.toFixed(2) },
  {
    title: "Fréchet distance",
    cell: ({ frechetDistance }) => threeDigits(frechetDistance),
  },
  { title: "of features", cell: ({ features }) => features },
  ...after,
];

/** Of tokenizers of class maps; pixel accuracy and frequency-weighted IoU times 100, as the paper prints them. */
export const classColumns: readonly Column[] = [
  ...before,
  { title: "PA", cell: ({ pixelAccuracy }) => hundredfold(pixelAccuracy) },
  { title: "FWIoU", cell: ({ frequencyWeightedIoU }) => hundredfold(frequencyWeightedIoU) },
  ...after,
];

/** Titles and cells. */
export function tableCells(columns: readonly Column[], rows: readonly TokenizerRow[]): string[][] {
  return [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => cell(row) ?? "–")),
  ];
}

const percent = (share: number | undefined): string | undefined =>
  share === undefined ? undefined : `${(100 * share).toFixed(1)} %`;

const threeDigits = (value: number | undefined): string | undefined =>
  value !== undefined && value >= 1000 ? value.toFixed(0) : value?.toPrecision(3);

const hundredfold = (share: number | undefined): string | undefined =>
  share === undefined ? undefined : (100 * share).toFixed(2);
