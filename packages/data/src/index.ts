export { classColour } from "./class-colour.ts";
export { type ContactSheetOptions, contactSheet, type Plane } from "./contact-sheet.ts";
export {
  type DigitMotion,
  digitMotions,
  type MnistAttributes,
  type MovingDigit,
  mnistCaption,
  parseMnistCaption,
} from "./mnist/caption.ts";
export { type CaptionedMovingMnistConfig, checkMnistConfig, type MnistConfig } from "./mnist/config.ts";
export { CaptionedMovingMnist, type DigitPath, type MnistSample, type MnistSplit } from "./mnist/dataset.ts";
export { splitDigits } from "./mnist/digits.ts";
export {
  type BackgroundName,
  backgroundColours,
  type Colour,
  defaultBackgrounds,
} from "./openmoji/backgrounds.ts";
export { type Attributes, captionOf, parseCaption, type Vocabulary } from "./openmoji/caption.ts";
export { type Catalog, type EmojiEntry, readCatalog } from "./openmoji/catalog.ts";
export {
  type Combinations,
  combinationsOf,
  type ImageCombination,
  type Split,
  type VideoCombination,
} from "./openmoji/combinations.ts";
export {
  type Config as CheckedMovingOpenMojiConfig,
  checkMovingOpenMojiConfig,
  type EmojiFilter,
  type MovingOpenMojiConfig,
} from "./openmoji/config.ts";
export { MovingOpenMoji, type OpenMojiSample, type OpenOptions } from "./openmoji/dataset.ts";
export {
  type MotionName,
  motionPath,
  motionStarts,
  motions,
  type Pose,
  type Position,
} from "./openmoji/motion.ts";
export { openMojiCredit } from "./openmoji/previews.ts";
export { selectEmoji } from "./openmoji/select.ts";
export { allEmoji, smallEmoji, tinyEmoji } from "./openmoji/sets.ts";
export { heldOutPairs } from "./openmoji/split.ts";
export type { Progress } from "./openmoji/sprite-sheet.ts";
export { type Preview, type Previewed, writeContactSheets } from "./preview.ts";
export type { Sample } from "./sample.ts";
