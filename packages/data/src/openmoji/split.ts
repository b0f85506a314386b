import { createHash } from "node:crypto";
import { NuwaError } from "@nuwa/tensor3d";

/**
 * Chooses which pairs of two sets of names training never sees.
 *
 * The rule: each pair has the key SHA-256 of the UTF-8 text `${seed}/${first}/${second}`, in hexadecimal.
 * In ascending order of keys a pair is held out, unless its first or its second name would be left without
 * any training pair, until `ceil(fraction * pairs)` pairs are held out. A set of one name holds out nothing.
 *
 * @returns the held-out pairs as `${first}/${second}`
 * @throws NuwaError `CONFIG` when the sets are too small for the fraction
 */
export function heldOutPairs(
  firsts: readonly string[],
  seconds: readonly string[],
  { seed, fraction }: { readonly seed: number; readonly fraction: number },
): ReadonlySet<string> {
  if (firsts.length === 1 || seconds.length === 1) return new Set();
  const pairs = firsts.flatMap((first) =>
    seconds.map((second) => ({ first, second, key: keyOf(seed, first, second) })),
  );
  pairs.sort((a, b) => (a.key < b.key ? -1 : 1));
  const left = new Map<string, number>([
    ...firsts.map((name) => [`first/${name}`, seconds.length] as const),
    ...seconds.map((name) => [`second/${name}`, firsts.length] as const),
  ]);
  const wanted = Math.ceil(fraction * pairs.length);
  const heldOut = new Set<string>();
  for (const { first, second } of pairs) {
    if (heldOut.size === wanted) break;
    const names = [`first/${first}`, `second/${second}`];
    if (names.some((name) => left.get(name) === 1)) continue;
    for (const name of names) left.set(name, left.get(name)! - 1);
    heldOut.add(`${first}/${second}`);
  }
  if (heldOut.size < wanted)
    throw new NuwaError(
      "CONFIG",
      `heldOutPairs: wanted ${wanted} of ${pairs.length} pairs held out with every name left in training, ` +
        `got ${heldOut.size}. Use a smaller heldOut fraction or more names.`,
    );
  return heldOut;
}

function keyOf(seed: number, first: string, second: string): string {
  return createHash("sha256").update(`${seed}/${first}/${second}`).digest("hex");
}
