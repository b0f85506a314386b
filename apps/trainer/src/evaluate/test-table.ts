import { textTable } from "../console/text-table.ts";
import type { ImageScore, JudgeAccuracy, VideoScore } from "../judge/index.ts";
import type { CaptionTest } from "./evaluate.ts";

/** One line of the caption test: shares from 0 to 1, absent where a column does not apply. */
export interface TestRow {
  readonly name: string;
  readonly count: number;
  readonly tenWay: number;
  readonly exact: number;
  readonly motion?: number;
  readonly emojiAndMotion?: number;
}

/** What generated pictures showed. */
export function testRows({ textToImage, videoPrediction, textToVideo }: CaptionTest): TestRow[] {
  return [
    imageRow("Text → image, trained combinations", textToImage.train),
    imageRow("Text → image, held-out combinations", textToImage.heldOut),
    videoRow("Video prediction from two frames, trained combinations", videoPrediction.train),
    videoRow("Video prediction from two frames, held-out combinations", videoPrediction.heldOut),
    videoRow("Text → video, trained combinations", textToVideo.train),
    videoRow("Text → video, held-out combinations", textToVideo.heldOut),
  ];
}

/** What the judge says about real pictures: the most that generated ones can reach. */
export function judgeRows(accuracy: JudgeAccuracy): TestRow[] {
  const { renderings, reconstructions, videos, continuations, videoReconstructions } = accuracy;
  return [
    imageRow("Real images", renderings),
    ...(reconstructions ? [imageRow("Real images through the tokenizer", reconstructions)] : []),
    videoRow("Real videos", videos),
    videoRow("Real videos without their first two frames", continuations),
    ...(videoReconstructions ? [videoRow("Real videos through the tokenizer", videoReconstructions)] : []),
  ];
}

const imageRow = (name: string, { count, tenWay, exact }: ImageScore): TestRow => ({
  name,
  count,
  tenWay,
  exact,
});

const videoRow = (name: string, score: VideoScore): TestRow => ({
  ...imageRow(name, score),
  motion: score.motion,
  emojiAndMotion: score.emojiAndMotion,
});

/** Column titles, and a cell for each row. */
export const TEST_COLUMNS: readonly { readonly title: string; readonly cell: (row: TestRow) => string }[] = [
  { title: "pictures", cell: ({ count }) => String(count) },
  { title: "caption of ten", cell: ({ tenWay }) => percent(tenWay) },
  { title: "emoji and background", cell: ({ exact }) => percent(exact) },
  { title: "direction", cell: ({ motion }) => percent(motion) },
  { title: "emoji and direction", cell: ({ emojiAndMotion }) => percent(emojiAndMotion) },
];

/** The table as lines of text. */
export function tableLines(title: string, rows: readonly TestRow[]): string[] {
  const cells = rows.map((row) => [row.name, ...TEST_COLUMNS.map(({ cell }) => cell(row))]);
  return textTable([[title, ...TEST_COLUMNS.map(({ title: text }) => text)], ...cells]);
}

const percent = (share: number | undefined): string =>
  share === undefined ? "–" : `${Math.round(100 * share)} %`;
