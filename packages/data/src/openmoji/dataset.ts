import { NuwaError, type Rng } from "@nuwa/tensor3d";
import type { Preview, Previewed } from "../preview.ts";
import type { Sample } from "../sample.ts";
import { backgroundColours } from "./backgrounds.ts";
import { type Attributes, captionOf, known, parseCaption, type Vocabulary } from "./caption.ts";
import { type EmojiEntry, readCatalog } from "./catalog.ts";
import {
  type Combinations,
  combinationsOf,
  type ImageCombination,
  type Split,
  type VideoCombination,
} from "./combinations.ts";
import { type Config, checkMovingOpenMojiConfig, type MovingOpenMojiConfig } from "./config.ts";
import {
  imagePositions,
  type MotionName,
  motionPath,
  motionStarts,
  type Pose,
  type Position,
} from "./motion.ts";
import { type Canvas, createCanvas, fillFrame, pasteSprite } from "./paste.ts";
import { openMojiPreviews } from "./previews.ts";
import { selectEmoji } from "./select.ts";
import { openSpriteSheet, type Progress, type SpriteSheet } from "./sprite-sheet.ts";

export interface OpenOptions {
  /** Folder that keeps rendered sprites; without it they are rendered into memory. */
  readonly cacheDir?: string;
  readonly onProgress?: (progress: Progress) => void;
}

export type OpenMojiSample = Sample<Attributes>;

/**
 * Emoji on coloured backgrounds, still (images) or moving (videos), with captions, sketches and segmentations.
 * The drawings are OpenMoji's, CC BY-SA 4.0: credit them wherever the images show.
 */
export class MovingOpenMoji implements Vocabulary, Previewed {
  readonly config: Config;
  /** Names in captions. */
  readonly emoji: readonly string[];
  readonly backgrounds: Config["backgrounds"];
  readonly motions: readonly MotionName[];
  /** The drawings, in the order of `emoji`. */
  readonly entries: readonly EmojiEntry[];
  /** All combinations by split. */
  readonly combinations: Combinations;
  /** Names of the classes in a segmentation; the first is `background`. */
  readonly segmentationClasses: readonly string[];
  /** Where an image's sprite may lie, row by row. */
  readonly positions: readonly Position[];
  /** What went wrong with the cache, in words; the dataset works all the same. */
  readonly notices: readonly string[];
  readonly #sheet: SpriteSheet;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #classOf: readonly number[];
  readonly #starts: ReadonlyMap<MotionName, readonly Position[]>;

  private constructor(config: Config, entries: readonly EmojiEntry[], sheet: SpriteSheet) {
    this.config = config;
    this.entries = entries;
    this.emoji = entries.map(({ name }) => name);
    this.backgrounds = config.backgrounds;
    this.motions = config.motions;
    this.combinations = combinationsOf(this, config);
    this.positions = imagePositions(config);
    this.notices = sheet.notices;
    const classes =
      config.segmentation === "emoji" ? this.emoji : [...new Set(entries.map(({ group }) => group))];
    this.segmentationClasses = ["background", ...classes];
    this.#classOf = entries.map(
      ({ name, group }) => 1 + classes.indexOf(config.segmentation === "emoji" ? name : group),
    );
    this.#indexOf = new Map(this.emoji.map((name, index) => [name, index]));
    this.#starts = new Map(this.motions.map((motion) => [motion, motionStarts(motion, config)]));
    this.#sheet = sheet;
  }

  /**
   * Reads OpenMoji, chooses the drawings and renders their sprites (or reads them from `cacheDir`).
   *
   * @throws NuwaError `CONFIG` for a wrong config, `FILE` when OpenMoji is missing. A cache that is broken or
   * cannot be written is no error: see `notices`.
   */
  static async open(config: MovingOpenMojiConfig = {}, options: OpenOptions = {}): Promise<MovingOpenMoji> {
    const checked = checkMovingOpenMojiConfig(config);
    const catalog = await readCatalog();
    const entries = selectEmoji(catalog.entries, checked.emoji);
    if (checked.segmentation === "emoji" && entries.length > 255)
      throw new NuwaError(
        "CONFIG",
        `MovingOpenMoji segmentation "emoji": wanted at most 255 emoji, got ${entries.length}. Use "group".`,
      );
    const sheet = await openSpriteSheet(catalog, entries, checked.spriteSize, options);
    return new MovingOpenMoji(checked, entries, sheet);
  }

  /** Where videos of a motion start. @throws NuwaError `INPUT` for a motion that the config lacks */
  starts(motion: MotionName): readonly Position[] {
    return this.#starts.get(known("motion", motion, this.motions))!;
  }

  splitOf(combination: ImageCombination | VideoCombination): Split {
    return this.combinations.splitOf(combination);
  }

  /** Every caption of the images and videos, for a word-level tokenizer. */
  captions(): string[] {
    const { images, videos } = this.combinations;
    return [images.train, images.heldOut, videos.train, videos.heldOut].flatMap((items) =>
      items.map(captionOf),
    );
  }

  /** @throws NuwaError `INPUT` for an empty caption, and for words that this dataset lacks, with near ones */
  parseCaption(caption: string): Attributes {
    return parseCaption(caption, this);
  }

  /** @throws NuwaError `INPUT` for names that this dataset lacks */
  drawImage({
    emoji,
    background,
    position,
  }: ImageCombination & { readonly position: Position }): OpenMojiSample {
    const canvas = createCanvas(this.config.size, 1);
    this.#draw(canvas, { emoji, background, path: [{ ...position, scale: 1, angle: 0 }] });
    const attributes: Attributes = { emoji, background };
    return { ...canvas, frames: 1, caption: captionOf(attributes), attributes };
  }

  /** @throws NuwaError `INPUT` for names that this dataset lacks */
  drawVideo({
    emoji,
    background,
    motion,
    start,
  }: VideoCombination & { readonly start: Position }): OpenMojiSample {
    const { size, frames } = this.config;
    const canvas = createCanvas(size, frames);
    const path = motionPath(known("motion", motion, this.motions), start, this.config);
    this.#draw(canvas, { emoji, background, path });
    const attributes: Attributes = { emoji, background, motion };
    return { ...canvas, frames, caption: captionOf(attributes), attributes };
  }

  /** An image of the combination at a position that `rng` draws. */
  image(combination: ImageCombination, rng: Rng): OpenMojiSample {
    return this.drawImage({ ...combination, position: choose(this.positions, rng) });
  }

  /** A video of the combination from a start that `rng` draws. */
  video(combination: VideoCombination, rng: Rng): OpenMojiSample {
    return this.drawVideo({ ...combination, start: choose(this.starts(combination.motion), rng) });
  }

  /** Images at drawn positions: `[combinations, size, size, 3]`. */
  imageBatch(combinations: readonly ImageCombination[], rng: Rng): Float32Array {
    return joined(combinations.map((combination) => this.image(combination, rng).pixels));
  }

  /** Videos from drawn starts: `[combinations, frames, size, size, 3]`. */
  videoBatch(combinations: readonly VideoCombination[], rng: Rng): Float32Array {
    return joined(combinations.map((combination) => this.video(combination, rng).pixels));
  }

  /** What {@link writeContactSheets} writes: images, sketches, videos. */
  previews(): Preview[] {
    return openMojiPreviews(this);
  }

  #draw(
    canvas: Canvas,
    { emoji, background, path }: ImageCombination & { readonly path: readonly Pose[] },
  ): void {
    const index = this.#indexOf.get(emoji) ?? this.#indexOf.get(known("emoji", emoji, this.emoji))!;
    const colour = backgroundColours[known("background", background, this.backgrounds)];
    if (!path.every(({ row, column }) => Number.isInteger(row) && Number.isInteger(column)))
      throw new NuwaError(
        "INPUT",
        `MovingOpenMoji position: wanted whole pixels, got ${JSON.stringify(path[0])}.`,
      );
    for (const [frame, pose] of path.entries()) {
      const sprite = this.#sheet.sprite(index, pose);
      const margin = (sprite.side - this.config.spriteSize) / 2;
      fillFrame(canvas, frame, colour);
      pasteSprite(canvas, frame, sprite, {
        row: pose.row - margin,
        column: pose.column - margin,
        spriteClass: this.#classOf[index],
      });
    }
  }
}

function choose<Item>(items: readonly Item[], rng: Rng): Item {
  return items[rng.integers(1, items.length)[0]];
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
