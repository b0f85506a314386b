import { extname } from "node:path";
import { NuwaError } from "@nuwa/tensor3d";
import { writeAtomically } from "@nuwa/tensor3d/node";
import { selectBackend } from "../backend.ts";
import type { CommandContext } from "../command-context.ts";
import type { BackendName } from "../commands/options.ts";
import { assertWritable } from "../files/assert-writable.ts";
import { encodeAnimation, encodePng } from "../media/encode.ts";
import { type Clip, contactSheet, frameBytes, sideBySide } from "../media/pixels.ts";
import { disposeModel, loadModel } from "../model/model-folder.ts";
import { readKnownFrames } from "./known-frames.ts";
import { encodeClip, makePictures, mostFrames, samplingOf } from "./pictures.ts";

export interface GenerateOptions {
  readonly model: string;
  readonly text?: string;
  readonly out: string;
  readonly video?: boolean;
  readonly knownFrames?: readonly string[];
  readonly seed: number;
  readonly samples: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly guidance?: number;
  readonly zoom: number;
  readonly backend: BackendName;
}

type Format = "png" | "gif" | "webp";

/** `nuwa generate`. */
export async function runGenerate(options: GenerateOptions, context: CommandContext): Promise<void> {
  const isVideo = options.video === true || options.knownFrames !== undefined;
  const format = formatOf(options.out, isVideo);
  if (options.text === undefined && !options.knownFrames) {
    throw new NuwaError("INPUT", "Nothing to go by: wanted --text, or --known-frames.");
  }
  await assertWritable(options.out);
  const { console, signal } = context;
  await selectBackend(options.backend, context);
  const model = await loadModel(options.model);
  try {
    const { text, seed, samples, temperature, topK, topP, guidance } = options;
    const frames = isVideo ? mostFrames(model) : 1;
    const known = options.knownFrames && (await knownCodes(options.knownFrames));
    if (text !== undefined) model.captions.encode(text); // wrong words are told before the work
    const wishes = Array.from({ length: samples }, (_, index) => ({ text, seed: seed + index, known }));
    const progress = console.progress(isVideo ? "Videos" : "Images", samples, isVideo ? "videos" : "images");
    const pictures = await makePictures(model, wishes, {
      frames,
      ...samplingOf(model, { text }, { temperature, topK, topP, guidance }),
      signal,
      onProgress: (done) => progress.update(Math.floor(done)),
    }).finally(progress.finish);
    const clips = pictures.map(({ clip }) => clip);
    await writeAtomically(options.out, await encodeClips(clips, format, options.zoom));
    console.line(`Wrote ${options.out}`);
  } finally {
    disposeModel(model);
  }

  async function knownCodes(paths: readonly string[]): Promise<Int32Array> {
    const clip = await readKnownFrames(paths, model.tokenizer.config.resolution, mostFrames(model));
    return encodeClip(model, clip);
  }
}

/** Samples side by side; a video as an animation, or in a PNG as a strip of frames in a row of its own. */
async function encodeClips(clips: readonly Clip[], format: Format, zoom: number): Promise<Uint8Array> {
  const { frames } = clips[0];
  if (format === "png") {
    const images = clips.flatMap((clip) =>
      Array.from({ length: frames }, (_, frame) => frameBytes(clip, frame)),
    );
    const columns = frames > 1 ? frames : Math.ceil(Math.sqrt(images.length));
    return encodePng(contactSheet(images, columns), { zoom });
  }
  return encodeAnimation(sideBySide(clips), format, { zoom });
}

function formatOf(path: string, isVideo: boolean): Format {
  const allowed: readonly Format[] = isVideo ? ["gif", "webp", "png"] : ["png", "webp"];
  const format = extname(path).slice(1).toLowerCase() as Format;
  if (allowed.includes(format)) return format;
  const what = isVideo ? "a video" : "an image (for a video add --video)";
  throw new NuwaError(
    "INPUT",
    `--out ${path}: wanted ${allowed.map((each) => `.${each}`).join(", ")} for ${what}.`,
  );
}
