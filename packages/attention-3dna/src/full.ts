import { tokenCount } from "@nuwa/tensor3d";
import type { AttentionPattern } from "./pattern.ts";

/** Every query attends every key: `O(n^2)` pairs. */
export function full(): AttentionPattern {
  let keys = new Int32Array();
  return {
    name: "full",
    keysOf(_query, _queryGrid, keyGrid) {
      const count = tokenCount(keyGrid);
      if (keys.length !== count) keys = Int32Array.from({ length: count }, (_, key) => key);
      return keys; // the same for every query
    },
  };
}
