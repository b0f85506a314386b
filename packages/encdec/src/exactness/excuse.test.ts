import { expect, test } from "vitest";
import type { SamplerOptions } from "../sampler.ts";
import { type Difference, isExcused } from "./excuse.ts";

const silent = new Float32Array(3);

function judge(
  sampler: SamplerOptions,
  codes: Difference["codes"],
  logits: readonly [number[], number[]],
  noise = silent,
): boolean {
  const [first, second] = logits.map((values) => Float32Array.from(values));
  return isExcused({ sampler, codes, logits: [first, second], noise });
}

test("two codes that change places within the difference of the logits", () => {
  const logits: [number[], number[]] = [
    [1, 0.999, 0],
    [0.999, 1, 0],
  ];
  for (const temperature of [0, 1, 0.1]) expect(judge({ temperature }, [0, 1], logits)).toBe(true);
  const noise = Float32Array.of(0, 0.0005, 0);
  expect(judge({}, [0, 1], logits, noise)).toBe(true);
});

test("codes that their own logits and noise do not draw", () => {
  const same: [number[], number[]] = [
    [1, 0.999, 0],
    [1, 0.999, 0],
  ];
  expect(judge({}, [0, 1], same)).toBe(false);
  expect(judge({}, [1, 0], same)).toBe(false);
  const noise = Float32Array.of(0, 5, 0); // both draw code 1
  expect(
    judge(
      {},
      [0, 1],
      [
        [1, 0.999, 0],
        [0.999, 1, 0],
      ],
      noise,
    ),
  ).toBe(false);
});

test("a code that passes the cut of topK only once", () => {
  // The likeliest stays; code 2 has the best noise, and is the second likeliest only in the second logits.
  const noise = Float32Array.of(0, 1, 5);
  const logits: [number[], number[]] = [
    [1, 0.5, 0.499],
    [1, 0.499, 0.5],
  ];
  expect(judge({ topK: 2 }, [1, 2], logits, noise)).toBe(true);
  expect(judge({ topK: 2 }, [2, 1], [logits[1], logits[0]], noise)).toBe(true);
  // All are allowed without the cut: code 2 wins in both.
  expect(judge({}, [1, 2], logits, noise)).toBe(false);
});

test("a code that passes the cut of topP only once", () => {
  const of = (...shares: number[]) => shares.map(Math.log);
  const noise = Float32Array.of(0, 1, 5);
  // Codes 0 and 1 hold the share 0.8 by a hair, or miss it, and then code 2 may be drawn.
  const logits: [number[], number[]] = [of(0.5, 0.3001, 0.1999), of(0.5, 0.2999, 0.2001)];
  expect(judge({ topP: 0.8 }, [1, 2], logits, noise)).toBe(true);
  expect(judge({ topP: 0.8, topK: 3 }, [1, 2], logits, noise)).toBe(true);
  expect(judge({ topP: 0.7 }, [1, 2], logits, noise)).toBe(false); // code 2 passes in neither
});
