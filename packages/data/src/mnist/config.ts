import { z } from "zod";
import { checkConfig } from "../check-config.ts";

const count = z.number().int().positive();

/** Side of MNIST's digits in pixels. */
export const digitSide = 28;

const schema = z.strictObject({
  /** Height and width of a frame in pixels. */
  size: z.number().int().min(digitSide).default(64),
  /** Frames of a video. */
  frames: count.default(10),
  /** Pixels that a digit covers from one frame to the next; it turns round at the walls. */
  pixelsPerFrame: count.default(4),
  /** Start offsets are multiples of this many pixels. */
  align: count.default(4),
  /** Digits in a video. */
  digits: z.union([z.literal(1), z.literal(2)]).default(1),
  /** Share of the digit images of each class that only test videos show. */
  testShare: z.number().positive().max(0.5).default(0.2),
  /** Of the split. */
  seed: z.number().int().nonnegative().default(0),
});

/** A complete, checked config: plain JSON. */
export type MnistConfig = Readonly<z.output<typeof schema>>;

/** What a caller writes: every field has a default. */
export type CaptionedMovingMnistConfig = Readonly<z.input<typeof schema>>;

/** @throws NuwaError `CONFIG` that names every wrong or unknown field */
export function checkMnistConfig(config: unknown): MnistConfig {
  return checkConfig("CaptionedMovingMnist config", schema, config);
}
