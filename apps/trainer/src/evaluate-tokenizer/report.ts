import { downsampling } from "@nuwa/vqgan";
import type { EvaluatedTokenizer } from "./evaluate-all.ts";
import { paperClassRows, paperPixelRows } from "./paper-rows.ts";
import { classColumns, pixelColumns, rowOf, type TokenizerRow, tableCells } from "./table.ts";

/** What an evaluation was. */
export interface ReportOptions {
  readonly seed: number;
  /** Height and width of the pictures. */
  readonly size: number;
  /** Name of the network behind the Fréchet distance. */
  readonly features?: string;
}

const NOT_COMPARABLE =
  "The paper's rows are of other data and resolutions, and their distance is of another network's features (it is " +
  "the FID), so they are not comparable with the rows above them.";

/** The cells of a table of tokenizers of pixels and of one of those of class maps, each where there are any. */
export function tablesOf(evaluated: readonly EvaluatedTokenizer[], options: ReportOptions): string[][][] {
  const rowsOf = (classMaps: boolean): TokenizerRow[] =>
    evaluated
      .filter(({ tokenizer: { input } }) => (input !== "pixels") === classMaps)
      .flatMap(({ label, tokenizer, figures: { trained, unseen } }) => [
        rowOf(label, tokenizer, "trained", trained, options),
        ...(unseen ? [rowOf(label, tokenizer, "unseen", unseen, options)] : []),
      ]);
  const [pixels, classes] = [rowsOf(false), rowsOf(true)];
  return [
    ...(pixels.length > 0 ? [tableCells(pixelColumns, [...pixels, ...paperPixelRows])] : []),
    ...(classes.length > 0 ? [tableCells(classColumns, [...classes, ...paperClassRows])] : []),
  ];
}

/**
 * Paragraphs below the tables.
 *
 * @param objection of the network behind the Fréchet distance to the pictures
 */
export function remarksOn(evaluated: readonly EvaluatedTokenizer[], objection?: string): string[] {
  const without = evaluated.filter(({ unseen }) => !unseen).map(({ label }) => label);
  const remarks = [NOT_COMPARABLE];
  if (without.length > 0) {
    remarks.push(`Without unseen drawings, as none is left or none has its classes: ${without.join(", ")}.`);
  }
  if (objection !== undefined && evaluated.some(({ tokenizer }) => tokenizer.input === "pixels")) {
    remarks.push(`There is no Fréchet distance. ${objection}`);
  }
  return remarks;
}

/** The content of a file of figures. */
export function resultsOf(
  evaluated: readonly EvaluatedTokenizer[],
  { seed, size, features = null }: Omit<ReportOptions, "features"> & { features?: string | null },
): object {
  return {
    format: "nuwa-tokenizer-evaluation",
    version: 1,
    seed,
    features,
    tokenizers: evaluated.map(({ folder, tokenizer, unseen, figures }) => {
      const { name, input, data, training, model } = tokenizer;
      const side = downsampling(model.config);
      return {
        name,
        folder,
        kind: model.config.kind,
        input,
        quantizer: model.config.quantizer.kind,
        codebookSize: model.config.codebookSize,
        resolution: size,
        grid: size / side,
        downsampling: side,
        data,
        training,
        unseenDrawings: unseen?.dataset.emoji,
        ...figures,
      };
    }),
    paper: { pixels: paperPixelRows, classes: paperClassRows },
  };
}
