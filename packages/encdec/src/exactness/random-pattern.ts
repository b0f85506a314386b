import type { Rng } from "@nuwa/tensor3d";
import type { PatternConfig } from "../pattern-config.ts";
import { pick } from "./random-grid.ts";

const extents = [1, 3, 5, 7, "all"] as const;
const radii = [0, 1, 2, 3, "all"] as const;
const blocks = [1, 2, 3, "all"] as const;
const dilations = [1, 1, 2, 3] as const;

/** A pattern of any kind; three of five are windows. */
export function randomPattern(rng: Rng): PatternConfig {
  const sizes = <Size>(choices: readonly Size[]): [Size, Size, Size] => [
    pick(rng, choices),
    pick(rng, choices),
    pick(rng, choices),
  ];
  switch (pick(rng, ["clip", "shift", "dilation", "bare", "blocks"] as const)) {
    case "clip":
      return { kind: "nearby", extent: sizes(extents) };
    case "shift":
      return { kind: "nearby", extent: sizes(extents), border: "shift" };
    case "dilation":
      return { kind: "nearby", radius: sizes(radii), dilation: sizes(dilations) };
    case "bare":
      return pick(rng, ["full", "axial"] as const);
    case "blocks":
      return { kind: "block-sparse", block: sizes(blocks) };
  }
}
