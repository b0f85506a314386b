import type { BackgroundName } from "./backgrounds.ts";
import type { Vocabulary } from "./caption.ts";
import type { Config } from "./config.ts";
import type { MotionName } from "./motion.ts";
import { heldOutPairs } from "./split.ts";

/** What an image shows; its position is drawn. */
export interface ImageCombination {
  readonly emoji: string;
  readonly background: BackgroundName;
}

/** What a video shows; its start is drawn. */
export interface VideoCombination extends ImageCombination {
  readonly motion: MotionName;
}

/** `train`: what a model may learn from; `heldOut`: what it is asked for afterwards. */
export type Split = "train" | "heldOut";

/** All combinations of a vocabulary, each in one split. */
export interface Combinations {
  readonly images: Readonly<Record<Split, readonly ImageCombination[]>>;
  readonly videos: Readonly<Record<Split, readonly VideoCombination[]>>;
  splitOf(combination: ImageCombination | VideoCombination): Split;
}

/**
 * An image is held out where its (emoji, background) pair is; a video where that pair or its (emoji, motion)
 * pair is. {@link heldOutPairs} is the rule.
 *
 * @throws NuwaError `CONFIG` when there are too few names for the fraction
 */
export function combinationsOf(
  { emoji, backgrounds, motions }: Vocabulary,
  { seed, heldOut: fraction }: Pick<Config, "seed" | "heldOut">,
): Combinations {
  const onBackgrounds = heldOutPairs(emoji, backgrounds, { seed, fraction });
  const inMotions = heldOutPairs(emoji, motions, { seed, fraction });
  const splitOf = (combination: ImageCombination & { readonly motion?: MotionName }): Split => {
    const { emoji: name, background, motion } = combination;
    if (onBackgrounds.has(`${name}/${background}`)) return "heldOut";
    return motion !== undefined && inMotions.has(`${name}/${motion}`) ? "heldOut" : "train";
  };
  const images = emoji.flatMap((name) => backgrounds.map((background) => ({ emoji: name, background })));
  const videos = images.flatMap((image) => motions.map((motion) => ({ ...image, motion })));
  const inSplit = <Item extends ImageCombination>(items: readonly Item[], split: Split) =>
    items.filter((item) => splitOf(item) === split);
  return {
    images: { train: inSplit(images, "train"), heldOut: inSplit(images, "heldOut") },
    videos: { train: inSplit(videos, "train"), heldOut: inSplit(videos, "heldOut") },
    splitOf,
  };
}
