import { z } from "zod";
import { checkConfig } from "../check-config.ts";
import { backgroundColours, defaultBackgrounds } from "./backgrounds.ts";
import { type MotionName, motions, travelOf } from "./motion.ts";

const count = z.number().int().positive();

const emojiFilter = z.strictObject({
  /** OpenMoji's groups, for example `animals-nature`. */
  groups: z.array(z.string()).min(1),
  /** Longest name in words. Default: any length. */
  maxWords: count.optional(),
  /** Leaves out the first so many, in an order by hash that does not depend on the other drawings. */
  skip: z.number().int().nonnegative().optional(),
  /** The first so many of what is left, in the same order. */
  limit: count.optional(),
});

/** Drawings by group. */
export type EmojiFilter = Readonly<z.output<typeof emojiFilter>>;

const backgroundName = z.enum(Object.keys(backgroundColours) as [keyof typeof backgroundColours]);
const motionName = z.enum(Object.keys(motions) as [MotionName]);

const schema = z
  .strictObject({
    /** Height and width of a frame in pixels. */
    size: count.default(64),
    /** Height and width of the sprite's square in pixels. */
    spriteSize: count.default(36),
    /** Frames of a video. */
    frames: count.default(8),
    /** Pixels that a moving sprite covers from one frame to the next, along each axis that it moves. */
    pixelsPerFrame: count.default(4),
    /** Sprite offsets are multiples of this many pixels: the stride of the image tokenizer keeps tokens alike. */
    align: count.default(8),
    /** Names, a filter, or the name of a suggested set. */
    emoji: z
      .union([z.enum(["tiny", "small", "all"]), z.array(z.string()).min(1), emojiFilter])
      .default("tiny"),
    backgrounds: z
      .array(backgroundName)
      .min(1)
      .default([...defaultBackgrounds]),
    motions: z.array(motionName).min(1).default(["right", "left", "up", "down"]),
    /** Where a sprite lies along an axis that nothing moves: any aligned offset, or the middle one. */
    placement: z.enum(["centre", "random"]).default("random"),
    /** Share of the emoji × background and of the emoji × motion pairs that training never sees. */
    heldOut: z.number().min(0).max(0.5).default(0.2),
    /** What a pixel's segmentation class stands for. */
    segmentation: z.enum(["group", "emoji"]).default("group"),
    /** Of the split. */
    seed: z.number().int().nonnegative().default(0),
  })
  .superRefine((config, context) => {
    const room = config.size - config.spriteSize;
    const wrong = (path: string, message: string) =>
      context.addIssue({ code: "custom", path: [path], message });
    if (room < 0) wrong("spriteSize", `must be at most size ${config.size}, got ${config.spriteSize}`);
    const moves = config.motions.some((name) => "direction" in motions[name]);
    const travel = travelOf({ ...config });
    if (room >= 0 && moves && travel > room)
      wrong(
        "frames",
        `${config.frames} frames at ${config.pixelsPerFrame} pixels cover ${travel} pixels but a sprite of ` +
          `${config.spriteSize} has room for ${room}. Use at most ${Math.floor(room / config.pixelsPerFrame) + 1} ` +
          `frames, or fewer pixelsPerFrame, or a smaller spriteSize`,
      );
    for (const path of ["emoji", "backgrounds", "motions"] as const) {
      const twice = Array.isArray(config[path]) ? firstRepeated(config[path]) : undefined;
      if (twice !== undefined) wrong(path, `"${twice}" occurs twice`);
    }
  });

/** A complete, checked config: plain JSON. */
export type Config = Readonly<z.output<typeof schema>>;

/** What a caller writes: every field has a default. */
export type MovingOpenMojiConfig = Readonly<z.input<typeof schema>>;

/** @throws NuwaError `CONFIG` that names every wrong or unknown field */
export function checkMovingOpenMojiConfig(config: unknown): Config {
  return checkConfig("MovingOpenMoji config", schema, config);
}

function firstRepeated(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) !== index);
}
