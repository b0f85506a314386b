import { NuwaError } from "@nuwa/tensor3d";
import { nearTo } from "../near.ts";

/** How a digit moves between two walls, with the words of its caption. */
export const digitMotions = { horizontal: "left and right", vertical: "up and down" } as const;

export type DigitMotion = keyof typeof digitMotions;

/** One digit of a caption. */
export interface MovingDigit {
  /** 0 to 9. */
  readonly digit: number;
  readonly motion: DigitMotion;
}

/** What a caption says; the second digit lies over the first. */
export interface MnistAttributes {
  readonly digits: readonly MovingDigit[];
}

/** `"digit 3 is moving left and right"`, and for two digits `"digit 3 is ... and digit 5 is ..."`. */
export function mnistCaption({ digits }: MnistAttributes): string {
  return digits.map(({ digit, motion }) => `digit ${digit} is moving ${digitMotions[motion]}`).join(" and ");
}

/**
 * Reads a caption back; case and spaces do not matter.
 *
 * @throws NuwaError `INPUT` that says what is wrong
 */
export function parseMnistCaption(caption: string): MnistAttributes {
  const text = caption.toLowerCase().replace(/\s+/g, " ").trim().replace(/ ?\.$/, "");
  if (text === "") throw inputError("an empty one");
  const parts = text.split(/ and (?=digit )/);
  if (parts.length > 2) throw inputError(`${parts.length} digits in "${caption}"`);
  return { digits: parts.map(parsePart) };
}

const names = Object.keys(digitMotions) as DigitMotion[];

function parsePart(part: string): MovingDigit {
  const match = /^digit (\S+) is moving (.+)$/.exec(part);
  if (match === null) throw inputError(`"${part}"`);
  const [, digit, phrase] = match;
  if (!/^\d$/.test(digit)) throw inputError(`"digit ${digit}"; digits are 0 to 9`);
  const motion = names.find((name) => digitMotions[name] === phrase);
  if (motion === undefined) {
    const phrases = Object.values(digitMotions);
    throw inputError(`"moving ${phrase}"${nearTo(phrase, phrases)}; motions are ${phrases.join(", ")}`);
  }
  return { digit: Number(digit), motion };
}

function inputError(got: string): NuwaError {
  return new NuwaError(
    "INPUT",
    `CaptionedMovingMnist caption: wanted one or two of "digit 3 is moving left and right", joined by "and", got ${got}.`,
  );
}
