import { NuwaError } from "@nuwa/tensor3d";
import { nearTo } from "../near.ts";
import type { BackgroundName } from "./backgrounds.ts";
import { type MotionName, motions } from "./motion.ts";

/** What a caption says. */
export interface Attributes {
  readonly emoji: string;
  readonly background: BackgroundName;
  /** Absent for an image. */
  readonly motion?: MotionName;
}

/** The names that captions may hold. */
export interface Vocabulary {
  readonly emoji: readonly string[];
  readonly backgrounds: readonly BackgroundName[];
  readonly motions: readonly MotionName[];
}

/** `"an apple on a red background"`, and for a video `"an apple on a red background moving right"`. */
export function captionOf({ emoji, background, motion }: Attributes): string {
  const image = `${withArticle(emoji)} on ${withArticle(background)} background`;
  return motion === undefined ? image : `${image} ${motions[motion].phrase}`;
}

/**
 * Reads a caption back; case, articles, spaces and a final full stop do not matter.
 *
 * @throws NuwaError `INPUT` that names what is unknown, and near names
 */
export function parseCaption(caption: string, vocabulary: Vocabulary): Attributes {
  const text = caption.toLowerCase().replaceAll("’", "'").replace(/\s+/g, " ").trim().replace(/ ?\.$/, "");
  if (text === "") throw inputError(`wanted a caption such as "${example(vocabulary)}", got an empty one`);
  const match = /^(?:an? )?(.+) on (?:an? )?(.+?) background(?: (.+))?$/.exec(text);
  if (match === null) throw inputError(`wanted a caption such as "${example(vocabulary)}", got "${caption}"`);
  const [, emoji, background, phrase] = match;
  if (phrase === undefined)
    return {
      emoji: known("emoji", emoji, vocabulary.emoji),
      background: known("background", background, vocabulary.backgrounds),
    };
  const phrases = vocabulary.motions.map((name) => motions[name].phrase as string);
  return {
    emoji: known("emoji", emoji, vocabulary.emoji),
    background: known("background", background, vocabulary.backgrounds),
    motion: vocabulary.motions[phrases.indexOf(known("motion", phrase, phrases))],
  };
}

/** Looks a name up. @throws NuwaError `INPUT` with near names, or all of a short list */
export function known<Name extends string>(what: string, word: string, names: readonly Name[]): Name {
  const found = names.find((name) => name === word);
  if (found !== undefined) return found;
  const list = names.length <= 13 ? `one of ${names.join(", ")}` : `one of ${names.length} names`;
  throw inputError(`unknown ${what} "${word}"${nearTo(word, names)}: wanted ${list}`);
}

function inputError(message: string): NuwaError {
  return new NuwaError("INPUT", `MovingOpenMoji caption: ${message}.`);
}

function example({ emoji, backgrounds }: Vocabulary): string {
  return captionOf({ emoji: emoji[0], background: backgrounds[0] });
}

/** Endings in s of singular nouns. */
const singular = /(ss|us|[^k]is|lens|series)$/;

/** Names that take no article. */
const massNouns = new Set([
  "bacon",
  "bread",
  "broccoli",
  "butter",
  "cheese",
  "garlic",
  "popcorn",
  "salt",
  "spaghetti",
  "sushi",
]);

/** The article that a name takes when read aloud; plurals and mass nouns take none. */
function withArticle(name: string): string {
  if (massNouns.has(name) || (name.endsWith("s") && !singular.test(name))) return name;
  const sounds = /^(uni|eu|one|ut)/.test(name) ? "a" : /^([aeiou]|hour|x-)/.test(name) ? "an" : "a";
  return `${sounds} ${name}`;
}
