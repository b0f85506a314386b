import { NuwaError, Rng } from "@nuwa/tensor3d";
import type { Preview, Previewed } from "../preview.ts";
import type { Sample } from "../sample.ts";
import {
  type DigitMotion,
  digitMotions,
  type MnistAttributes,
  type MovingDigit,
  mnistCaption,
} from "./caption.ts";
import { type CaptionedMovingMnistConfig, checkMnistConfig, digitSide, type MnistConfig } from "./config.ts";
import { type DigitImages, readDigits, splitDigits } from "./digits.ts";

/** `train`: digit images to learn from; `test`: images that no training video shows. */
export type MnistSplit = "train" | "test";

/** One digit of a video: which image of its class, and where and whither it starts. */
export interface DigitPath extends MovingDigit {
  /** Index of the image among those of its class. */
  readonly image: number;
  /** Upper left corner in pixels, from 0 to `size - 28`. */
  readonly row: number;
  readonly column: number;
  /** 1 starts to the right or downwards, -1 to the left or upwards. */
  readonly step: 1 | -1;
}

export type MnistSample = Sample<MnistAttributes>;

/** Brightness from which on a pixel belongs to a stroke. */
const strokeBrightness = 0.5;

/** White handwritten digits on black that move between the walls, with captions. */
export class CaptionedMovingMnist implements Previewed {
  readonly config: MnistConfig;
  /** What videos can show: every digit (or pair of different digits) in every motion. */
  readonly combinations: readonly MnistAttributes[];
  /** Names of the classes in a segmentation; the first is `background`. */
  readonly segmentationClasses: readonly string[] = ["background", ..."0123456789"];
  readonly #digits: readonly DigitImages[];
  readonly #splits: readonly Readonly<Record<MnistSplit, readonly number[]>>[];

  private constructor(config: MnistConfig, digits: readonly DigitImages[]) {
    this.config = config;
    this.combinations = combinationsOf(config.digits);
    this.#digits = digits;
    this.#splits = digits.map(({ count }, digit) => splitDigits(digit, count, config));
  }

  /** @throws NuwaError `CONFIG` for a wrong config, `FILE` when the digits are missing */
  static async open(config: CaptionedMovingMnistConfig = {}): Promise<CaptionedMovingMnist> {
    return new CaptionedMovingMnist(checkMnistConfig(config), await readDigits());
  }

  /** Every caption, for a word-level tokenizer. */
  captions(): string[] {
    return this.combinations.map(mnistCaption);
  }

  /** Indices of the images of a digit in a split, ascending. */
  images(digit: number, split: MnistSplit): readonly number[] {
    return this.#splits[digit][split];
  }

  /** @throws NuwaError `INPUT` for digits or images that do not exist */
  drawVideo(paths: readonly DigitPath[]): MnistSample {
    const { size, frames } = this.config;
    const pixels = frames * size * size;
    const brightness = new Float32Array(pixels);
    const segmentation = new Uint8Array(pixels);
    for (const path of paths) this.#drawDigit(brightness, segmentation, path);
    const attributes: MnistAttributes = { digits: paths.map(({ digit, motion }) => ({ digit, motion })) };
    return {
      size,
      frames,
      pixels: rgbOf(brightness),
      sketch: segmentation.map((value) => (value === 0 ? 0 : 1)),
      segmentation,
      caption: mnistCaption(attributes),
      attributes,
    };
  }

  /** A video of the combination: `rng` draws the digit images of the split, the starts and the directions. */
  video(combination: MnistAttributes, split: MnistSplit, rng: Rng): MnistSample {
    return this.drawVideo(combination.digits.map((digit) => this.#drawPath(digit, split, rng)));
  }

  /** `[combinations, frames, size, size, 3]` */
  videoBatch(combinations: readonly MnistAttributes[], split: MnistSplit, rng: Rng): Float32Array {
    const { size, frames } = this.config;
    const length = frames * size * size * 3;
    const batch = new Float32Array(combinations.length * length);
    for (const [index, combination] of combinations.entries())
      batch.set(this.video(combination, split, rng).pixels, index * length);
    return batch;
  }

  /** What {@link writeContactSheets} writes: one sheet of film strips, test videos marked. */
  previews(): Preview[] {
    const rng = new Rng(this.config.seed).fork("previews");
    // 20 combinations; the step has no factor in common with their number, so that both digits vary.
    const shown = Array.from(
      { length: 20 },
      (_, index) => this.combinations[(index * 19) % this.combinations.length],
    );
    const splits = shown.map((_, index): MnistSplit => (index % 4 === 3 ? "test" : "train"));
    return [
      {
        name: "videos",
        columns: 1,
        samples: shown.map((combination, index) => this.video(combination, splits[index], rng)),
        marked: splits.map((split) => split === "test"),
      },
    ];
  }

  #drawPath({ digit, motion }: MovingDigit, split: MnistSplit, rng: Rng): DigitPath {
    const { size, align } = this.config;
    const images = this.images(digit, split);
    const offsets = Math.floor((size - digitSide) / align) + 1;
    const [row, column] = rng.integers(2, offsets).map((offset) => offset * align);
    const image = images[rng.integers(1, images.length)[0]];
    return { digit, motion, image, row, column, step: rng.integers(1, 2)[0] === 0 ? -1 : 1 };
  }

  #drawDigit(brightness: Float32Array, segmentation: Uint8Array, path: DigitPath): void {
    const { size, frames, pixelsPerFrame } = this.config;
    const digits = this.#digits[path.digit];
    if (digits === undefined || !(path.image >= 0 && path.image < digits.count))
      throw new NuwaError(
        "INPUT",
        `CaptionedMovingMnist digit: wanted a digit from 0 to 9 and an image below ${digits?.count ?? 0}, ` +
          `got digit ${path.digit}, image ${path.image}.`,
      );
    const room = size - digitSide;
    for (let frame = 0; frame < frames; frame++) {
      const way = path.step * pixelsPerFrame * frame;
      const row = path.motion === "vertical" ? betweenWalls(path.row + way, room) : path.row;
      const column = path.motion === "horizontal" ? betweenWalls(path.column + way, room) : path.column;
      let from = path.image * digitSide * digitSide;
      for (let line = 0; line < digitSide; line++) {
        let to = (frame * size + row + line) * size + column;
        for (const last = to + digitSide; to < last; to++, from++) {
          const value = digits.pixels[from];
          if (value <= brightness[to]) continue;
          brightness[to] = value;
          if (value >= strokeBrightness) segmentation[to] = 1 + path.digit;
        }
      }
    }
  }
}

function rgbOf(brightness: Float32Array): Float32Array {
  const pixels = new Float32Array(brightness.length * 3);
  for (let at = 0, to = 0; at < brightness.length; at++, to += 3)
    pixels[to] = pixels[to + 1] = pixels[to + 2] = 2 * brightness[at] - 1;
  return pixels;
}

/** Folds a straight way into [0, room], as a ball that bounces off both ends. */
function betweenWalls(way: number, room: number): number {
  if (room === 0) return 0;
  const phase = ((way % (2 * room)) + 2 * room) % (2 * room);
  return phase <= room ? phase : 2 * room - phase;
}

function combinationsOf(count: 1 | 2): MnistAttributes[] {
  const names = Object.keys(digitMotions) as DigitMotion[];
  const single = Array.from({ length: 10 }, (_, digit) => names.map((motion) => ({ digit, motion }))).flat();
  if (count === 1) return single.map((digit) => ({ digits: [digit] }));
  return single.flatMap((first) =>
    single.filter(({ digit }) => digit !== first.digit).map((second) => ({ digits: [first, second] })),
  );
}
