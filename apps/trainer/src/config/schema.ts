import { z } from "zod";
import { TOKENIZER_INPUTS } from "../model/tokenizer-input.ts";
import { WEIGHT_TYPES } from "../model/weight-type.ts";

const count = z.int().positive();
const share = z.number().min(0).max(1);

/**
 * How long a stage trains: a number of steps, or minutes. With minutes, the speed of the first steps decides
 * the number of steps, within `least` and `most`; the schedule then follows that number.
 */
const budget = z.union([
  z.strictObject({ steps: count }),
  z
    .strictObject({ minutes: z.number().positive(), least: count, most: count })
    .refine(({ least, most }) => least <= most, { message: "wants least <= most", path: ["least"] }),
]);

const loop = {
  budget,
  /** Steps between checkpoints. */
  checkpointEvery: count.default(500),
  /** Steps between points of the curves. */
  logEvery: count.default(10),
};

/** A section that its own package checks. */
const section = z.record(z.string(), z.unknown());

/**
 * Runs steps as TensorFlow functions on the node backend: the same numbers to rounding, in less time. A mode of `compile` of
 * `@nuwa/backends`; `true` is `graph`.
 */
const compile = z.union([z.boolean(), z.enum(["graph", "xla", "auto"])]).default(true);

const tokenizerTraining = z.strictObject({
  ...loop,
  /** As `@nuwa/vqgan`'s trainer describes it, without `totalSteps`. */
  optimizer: section.default({}),
  /** Pictures of a batch. */
  batch: count,
  /** Share of the pictures of a batch that are frames of videos; the rest are images. */
  frameShare: share.default(0.5),
  /** The terms of a "vq-gan", as `@nuwa/vqgan`'s trainer describes them. */
  losses: section.optional(),
  compile,
});

/** One task's part of the joint objective. */
const taskShare = z.strictObject({
  /** Samples of a batch of this task. */
  batch: count,
  /** How often a step trains this task, relative to the others; 0 leaves it out. */
  weight: z.number().nonnegative(),
  /** Weight of the tokens of a video's first frame, relative to those of later frames. */
  firstFrameWeight: z.number().nonnegative().default(1),
});

/** Checked by `@nuwa/data`, whose default would be the emoji of the captioned data again. */
const furtherEmoji = z.unknown().refine((emoji) => emoji !== undefined && emoji !== null, {
  message: "wants a list of names, { groups: [...] }, or tiny, small or all",
});

/** Video prediction needs no captions, so it may learn from more than the captioned data. */
const predictionShare = taskShare.extend({
  /** Emoji whose videos it also trains on, as `data.emoji` names them, and the share of its batches with these. */
  further: z.strictObject({ emoji: furtherEmoji, share }).optional(),
});

const transformerTraining = z.strictObject({
  ...loop,
  /** The highest learning rate: a linear rise over the warm-up, then a cosine down to `finalShare` of it. */
  learningRate: z.number().positive(),
  finalShare: share.default(0.02),
  warmupSteps: z.int().nonnegative().default(50),
  weightDecay: z.number().nonnegative().default(0.01),
  beta2: z.number().gt(0).lt(1).default(0.99),
  clipNorm: z.number().positive().default(1),
  /** Batches of a step. One after the other is in memory, and the step follows the mean of their gradients. */
  accumulate: count.default(1),
  /** Computes the insides of the model's blocks again in the backward pass: less memory, about a third more time. */
  checkpointing: z.boolean().default(false),
  /** In what matrices are multiplied; weights, sums and the optimizer stay float32. Only the node backend has bfloat16. */
  precision: z.enum(["float32", "bfloat16"]).default("float32"),
  compile,
  tasks: z
    .strictObject({ textToImage: taskShare, videoPrediction: predictionShare, textToVideo: taskShare })
    .refine((tasks) => Object.values(tasks).some(({ weight }) => weight > 0), {
      message: "wants at least one task with a weight above 0",
    }),
  /** Share of conditions that are replaced by "None", so that guidance works. */
  noneShare: share.default(0.1),
  /** Share of the words that a text loses, so that each word is learnt by itself too. */
  wordDropout: share.default(0),
  /** Share of the input tokens that are replaced by random ones. */
  inputNoise: share.default(0),
  /**
   * Share of the samples with a text whose decoder reads the text alone, no token: `first` at the first step,
   * falling evenly to `last` at the share `until` of the steps. What a text says is learnt several times sooner so.
   */
  blindShare: z
    .strictObject({ first: share, last: share, until: share })
    .default({ first: 0, last: 0, until: 0 }),
});

const temperature = z.number().nonnegative();
const cuts = { topK: count.optional(), topP: z.number().gt(0).max(1).optional() };

const sampling = z.strictObject({
  temperature: temperature.default(1),
  ...cuts,
  guidance: z.number().nonnegative().default(1),
  /** What differs where frames are given and no text: there is less to choose, so a lower temperature is right. */
  prediction: z.strictObject({ temperature: temperature.optional(), ...cuts }).optional(),
});

const name = z.string().regex(/^[\w.-]+$/, "wants letters, digits, dots, dashes and underscores");

/** What `nuwa ablate` compares. */
const ablation = z.strictObject({
  /** CPU seconds of training that each run gets. */
  cpuSeconds: z.number().positive(),
  /** Threads that a run computes with. */
  threads: count.default(1),
  /** Each variant is trained once with each of them. */
  seeds: z
    .array(z.int().nonnegative())
    .min(1)
    .refine((seeds) => new Set(seeds).size === seeds.length, { message: "wants each seed once" }),
  /** How often a run is evaluated, at equal shares of the budget; the last time at its end. */
  evaluations: count.default(4),
  /** Samples of an evaluation, of held-out and of trained combinations each; all where there are fewer. */
  samples: z.strictObject({ images: count.default(48), videos: count.default(8) }).prefault({}),
  /** By name, what each has in place of the fields of `transformer.model`. The first is compared with the others. */
  variants: z.record(name, section).refine((variants) => Object.keys(variants).length > 0, {
    message: "wants at least one variant, such as raster: { shift: raster }",
  }),
});

export const runSchema = z.strictObject({
  name,
  seed: z.int().nonnegative().default(0),
  /** How the finished weights are stored; checkpoints keep float32. */
  weights: z.enum(WEIGHT_TYPES).default("float32"),
  /** Moving OpenMoji, as `@nuwa/data` describes it. */
  data: section,
  tokenizer: z.strictObject({
    /** As `@nuwa/vqgan` describes it; `resolution` comes from the data. */
    model: section,
    /** What of a picture it reads. Class maps, those of line art and segmentations, make it a "vq-gan-seg". */
    input: z.enum(TOKENIZER_INPUTS).default("pixels"),
    train: tokenizerTraining,
  }),
  /** Left out where only a tokenizer is trained. */
  transformer: z
    .strictObject({
      /** As `@nuwa/encdec` describes it; vocabularies and grids come from the data and the tokenizer. */
      model: section,
      train: transformerTraining,
    })
    .optional(),
  ablation: ablation.optional(),
  sampling: sampling.default(() => sampling.parse({})),
  /** What the demo makes and judges. */
  demo: z
    .strictObject({
      /** Images judged, of trained and of held-out combinations each. */
      images: count.default(100),
      /** Continuations of two given frames that are judged, of trained and of held-out combinations each. */
      predictions: count.default(50),
      /** Videos from text alone that are judged. */
      videos: count.default(50),
      /** How the judge is trained on real renderings: steps, and pictures of a step. */
      judge: z
        .strictObject({ steps: count.default(300), images: count.default(48), clips: count.default(12) })
        .prefault({}),
    })
    .prefault({}),
});

export type RunConfig = z.output<typeof runSchema>;
/** The config of a run that trains a transformer too. */
export type WholeRunConfig = RunConfig & { readonly transformer: NonNullable<RunConfig["transformer"]> };
export type Ablation = z.output<typeof ablation>;
export type Budget = z.output<typeof budget>;
export type SamplingConfig = RunConfig["sampling"];
