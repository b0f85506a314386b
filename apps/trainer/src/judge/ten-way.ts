import type { Attributes, Vocabulary } from "@nuwa/data";
import type { Rng } from "@nuwa/tensor3d";
import type { ImageJudgement, VideoJudgement } from "./judge.ts";

/** Wrong captions with another emoji, and with another background (a video's: with another motion first). */
const otherEmoji = 5;
const otherRest = 4;

/**
 * The right attributes first, then nine wrong ones: five share all but the emoji, four share the emoji; of a
 * video these four differ in the motion as far as there are motions, the rest in the background. A small
 * vocabulary gives fewer.
 */
export function captionChoices(right: Attributes, vocabulary: Vocabulary, rng: Rng): Attributes[] {
  const others = <Name>(names: readonly Name[], own: Name, count: number): Name[] => {
    const rest = names.filter((name) => name !== own);
    return Array.from(rng.permutation(rest.length).slice(0, count), (index) => rest[index]);
  };
  const emoji = others(vocabulary.emoji, right.emoji, otherEmoji);
  const motions = right.motion === undefined ? [] : others(vocabulary.motions, right.motion, otherRest);
  const backgrounds = others(vocabulary.backgrounds, right.background, otherRest - motions.length);
  return [
    right,
    ...emoji.map((name) => ({ ...right, emoji: name })),
    ...motions.map((motion) => ({ ...right, motion })),
    ...backgrounds.map((background) => ({ ...right, background })),
  ];
}

/** The sum of the log-probabilities of a caption's attributes. */
export function captionScore(
  judgement: ImageJudgement | VideoJudgement,
  { emoji, background, motion }: Attributes,
  vocabulary: Vocabulary,
): number {
  const image =
    judgement.emojiLogProbs[vocabulary.emoji.indexOf(emoji)] +
    judgement.backgroundLogProbs[vocabulary.backgrounds.indexOf(background)];
  if (motion === undefined || !("motionLogProbs" in judgement)) return image;
  return image + judgement.motionLogProbs[vocabulary.motions.indexOf(motion)];
}

/** Whether the right caption scores above every other of its choices. */
export function picksRightCaption(
  judgement: ImageJudgement | VideoJudgement,
  right: Attributes,
  vocabulary: Vocabulary,
  rng: Rng,
): boolean {
  const [own, ...others] = captionChoices(right, vocabulary, rng).map((choice) =>
    captionScore(judgement, choice, vocabulary),
  );
  return others.every((score) => own > score);
}
