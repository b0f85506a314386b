import { NuwaError } from "@nuwa/tensor3d";
import { classColour } from "./class-colour.ts";
import type { Sample } from "./sample.ts";
import { captionOverlay, wrapCaption } from "./sheet-text.ts";

/** What of a sample a sheet shows: several lie side by side for images and below each other for videos. */
export type Plane = "pixels" | "sketch" | "segmentation";

export interface ContactSheetOptions {
  /** Samples side by side. Default: as many as make about 1,200 pixels. */
  readonly columns?: number;
  /** Write each caption below its sample. Default true. */
  readonly captions?: boolean;
  /** Screen pixels per pixel. Default 2. */
  readonly scale?: number;
  /** Default: the pixels only. */
  readonly planes?: readonly Plane[];
  /** Which samples get a red frame, for example those held out of training. */
  readonly marked?: readonly boolean[];
  /** A line at the foot, for example the credit that a licence asks for. */
  readonly footer?: string;
}

/** The pixels of a sheet while it is drawn. */
interface Raster {
  readonly width: number;
  readonly height: number;
  /** `[height, width, 3]` */
  readonly data: Uint8Array;
}

const gap = 6;
const lineHeight = 13;
const usualWidth = 1200;
const markColour = [224, 32, 32] as const;

/**
 * A PNG that shows samples of one kind: images as a grid, videos as film strips.
 *
 * @returns the bytes of the PNG
 * @throws NuwaError `INPUT` without samples, or when they differ in size or frames
 */
export async function contactSheet(
  samples: readonly Sample<unknown>[],
  options: ContactSheetOptions = {},
): Promise<Uint8Array> {
  const { captions = true, scale = 2, planes = ["pixels"], marked = [], footer = "" } = options;
  if (samples.length === 0)
    throw new NuwaError("INPUT", "contactSheet samples: wanted at least one, got none.");
  const { size, frames } = samples[0];
  if (samples.some((sample) => sample.size !== size || sample.frames !== frames))
    throw new NuwaError("INPUT", "contactSheet samples: wanted one size and number of frames, got several.");
  const isVideo = frames > 1;
  const tile = size * scale;
  const cellWidth = (isVideo ? frames : planes.length) * tile;
  const columns = Math.min(
    samples.length,
    options.columns ?? Math.max(1, Math.floor(usualWidth / (cellWidth + gap))),
  );
  const lines = samples.map(({ caption }) => (captions ? wrapCaption(caption, cellWidth) : []));
  const textHeight = Math.max(...lines.map(({ length }) => length)) * lineHeight + (captions ? 3 : 0);
  const pictureHeight = (isVideo ? planes.length : 1) * tile;
  const rows = Math.ceil(samples.length / columns);
  const width = columns * (cellWidth + gap) + gap;
  const foot = footer === "" ? [] : wrapCaption(footer, width);
  const gridHeight = rows * (pictureHeight + textHeight + gap) + gap;
  const raster = blank(width, gridHeight + foot.length * lineHeight);

  const cells = samples.map((sample, index) => {
    const left = gap + (index % columns) * (cellWidth + gap);
    const top = gap + Math.floor(index / columns) * (pictureHeight + textHeight + gap);
    if (marked[index]) fillBox(raster, left - 3, top - 3, cellWidth + 6, pictureHeight + 6, markColour);
    for (const [row, plane] of planes.entries()) {
      for (let frame = 0; frame < frames; frame++) {
        const x = left + (isVideo ? frame : row) * tile;
        drawTile(raster, sample, plane, frame, { left: x, top: top + (isVideo ? row * tile : 0), scale });
      }
    }
    return {
      left,
      top: top + pictureHeight,
      width: cellWidth,
      lines: lines[index],
      marked: marked[index] ?? false,
    };
  });

  const { default: sharp } = await import("sharp");
  const { height, data } = raster;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  const texts = [...cells, { left: 0, top: gridHeight - gap, width, lines: foot, marked: false }];
  if (captions || foot.length > 0)
    picture.composite([{ input: captionOverlay(width, height, texts, lineHeight) }]);
  return new Uint8Array(await picture.png().toBuffer());
}

function blank(width: number, height: number): Raster {
  return { width, height, data: new Uint8Array(width * height * 3).fill(255) };
}

type Rgb = readonly [number, number, number];

function fillBox(
  { width, data }: Raster,
  left: number,
  top: number,
  across: number,
  down: number,
  colour: Rgb,
): void {
  for (let row = top; row < top + down; row++)
    for (let column = left; column < left + across; column++) data.set(colour, (row * width + column) * 3);
}

interface TilePlace {
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

function drawTile(
  raster: Raster,
  sample: Sample<unknown>,
  plane: Plane,
  frame: number,
  place: TilePlace,
): void {
  const { size } = sample;
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const colour = colourAt(sample, plane, (frame * size + row) * size + column);
      const left = place.left + column * place.scale;
      // A thin line between the frames of a film strip.
      const across = frame > 0 && column === 0 && place.scale > 1 ? place.scale - 1 : place.scale;
      fillBox(
        raster,
        left + place.scale - across,
        place.top + row * place.scale,
        across,
        place.scale,
        colour,
      );
    }
  }
}

function colourAt({ pixels, sketch, segmentation }: Sample<unknown>, plane: Plane, at: number): Rgb {
  if (plane === "sketch") return sketch[at] === 0 ? [255, 255, 255] : [0, 0, 0];
  if (plane === "segmentation") return classColour(segmentation[at]);
  const byte = (value: number) => Math.round((value + 1) * 127.5);
  return [byte(pixels[3 * at]), byte(pixels[3 * at + 1]), byte(pixels[3 * at + 2])];
}
