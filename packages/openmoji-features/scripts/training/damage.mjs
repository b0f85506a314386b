import { addNoise, blur, flattenBlock, lowPass } from "./filters.mjs";
import { roundBlocks } from "./jpeg.mjs";

/** How often and how strongly pictures are damaged; strengths are told to the network as parts of `most`. */
const kinds = [
  { share: 0.18, least: 0.3, most: 2.5, apply: (pixels, size, sigma) => blur(pixels, size, sigma) },
  {
    share: 0.1,
    least: 2,
    most: 4,
    isPower: true,
    apply: (pixels, size, block) => lowPass(pixels, size, block),
  },
  { share: 0.1, least: 0.02, most: 0.3, apply: (pixels, size, step) => roundBlocks(pixels, size, step) },
  { share: 0.08, least: 1, most: 6, isWhole: true, apply: flattenSome },
  {
    share: 0.18,
    least: 0.02,
    most: 0.25,
    apply: (pixels, _, deviation, random) => addNoise(pixels, deviation, random),
  },
];

/** Numbers that {@link damage} returns. */
export const damageKinds = kinds.length;

/** Largest change of a channel's level and contrast, which is no damage. */
const recolouring = 0.08;

/**
 * Blurs, coarsens, rounds, flattens and adds noise to a picture, each with some probability, in place.
 *
 * @param {Float32Array} pixels `[size, size, 3]`
 * @returns the strength of each kind, in [0, 1], 0 where it was left out
 */
export function damage(pixels, size, random) {
  recolour(pixels, random);
  return kinds.map((kind) => {
    if (random() >= kind.share) return 0;
    const strength = strengthOf(kind, random);
    kind.apply(pixels, size, strength, random);
    return strength / kind.most;
  });
}

function strengthOf({ least, most, isPower, isWhole }, random) {
  if (isPower) return random() < 0.5 ? least : most;
  const strength = least + (most - least) * random();
  return isWhole ? Math.round(strength) : strength;
}

function flattenSome(pixels, size, count, random) {
  for (let left = count; left > 0; left--) flattenBlock(pixels, size, random);
}

function recolour(pixels, random) {
  for (let channel = 0; channel < 3; channel++) {
    const gain = 1 + recolouring * (2 * random() - 1);
    const level = recolouring * (2 * random() - 1);
    for (let at = channel; at < pixels.length; at += 3) pixels[at] = pixels[at] * gain + level;
  }
}
