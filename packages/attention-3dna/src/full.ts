import { tokenCount } from "@nuwa/tensor3d";
import type { AttentionPattern } from "./pattern.ts";

/** Every query attends every key: `O(n^2)` pairs. */
export function full(): AttentionPattern {
  return {
    name: "full",
    *keysOf(_query, _queryGrid, keyGrid) {
      const count = tokenCount(keyGrid);
      for (let key = 0; key < count; key++) yield key;
    },
  };
}
