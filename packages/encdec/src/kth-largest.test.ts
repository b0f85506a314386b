import { Rng } from "@nuwa/tensor3d";
import { expect, test } from "vitest";
import { kthLargest } from "./kth-largest.ts";

test.each([1, 2, 3, 10, 257])("of %i numbers, as sorting gives it", (count) => {
  for (let seed = 0; seed < 20; seed++) {
    const rng = new Rng(seed);
    // Many ties with even seeds.
    const values = seed % 2 ? rng.normal(count) : Float32Array.from(rng.integers(count, 5));
    const sorted = values.slice().sort().reverse();
    for (let k = 1; k <= count; k += Math.ceil(count / 9)) {
      const reordered = values.slice();
      expect(kthLargest(reordered, k)).toBe(sorted[k - 1]);
      expect(reordered.subarray(0, k).sort().reverse()).toEqual(sorted.subarray(0, k));
      expect(reordered.sort().reverse()).toEqual(sorted);
    }
  }
});
