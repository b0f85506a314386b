import { Rng } from "@nuwa/tensor3d";
import type { Preview } from "../preview.ts";
import type { ImageCombination, VideoCombination } from "./combinations.ts";
import type { MovingOpenMoji } from "./dataset.ts";
import { type MotionName, motions } from "./motion.ts";

/** What to write wherever OpenMoji's drawings show. */
export const openMojiCredit = "Emoji: OpenMoji (openmoji.org), CC BY-SA 4.0";

/** Drawings on a sheet of images: a sheet of a large set shows its first ones. */
const shownEmoji = 48;

/** Film strips of each motion. */
const stripsPerMotion = 3;

/** The contact sheets of Moving OpenMoji: images, their sketches and segmentations, videos of every motion. */
export function openMojiPreviews(dataset: MovingOpenMoji): Preview[] {
  const rng = new Rng(dataset.config.seed).fork("previews");
  const emoji = dataset.emoji.slice(0, shownEmoji);
  const images = emoji.flatMap((name) =>
    dataset.backgrounds.map((background) => ({ emoji: name, background })),
  );
  const videos = dataset.motions.flatMap((motion) => stripsOf(dataset, motion));
  const isHeldOut = (item: ImageCombination | VideoCombination) => dataset.splitOf(item) === "heldOut";
  const onePerEmoji = emoji.map((name, index) => ({
    emoji: name,
    background: dataset.backgrounds[index % dataset.backgrounds.length],
  }));
  const sheets: Preview[] = [
    {
      name: "images",
      columns: dataset.backgrounds.length,
      samples: images.map((image) => dataset.image(image, rng)),
      marked: images.map(isHeldOut),
    },
    {
      name: "sketches",
      planes: ["pixels", "sketch", "segmentation"],
      samples: onePerEmoji.map((image) => dataset.image(image, rng)),
    },
    {
      name: "videos",
      columns: 1,
      samples: videos.map((video) => dataset.video(video, rng)),
      marked: videos.map(isHeldOut),
    },
    {
      name: "video-sketches",
      columns: 1,
      planes: ["pixels", "sketch", "segmentation"],
      samples: videos
        .filter((_, index) => index % stripsPerMotion === 0)
        .map((video) => dataset.video(video, rng)),
    },
  ];
  return sheets.map((sheet) => ({ ...sheet, footer: openMojiCredit }));
}

/** Combinations that go through the drawings and backgrounds, others for each motion. */
function stripsOf(dataset: MovingOpenMoji, motion: MotionName): VideoCombination[] {
  const offset = stripsPerMotion * Object.keys(motions).indexOf(motion);
  const count = Math.min(stripsPerMotion, dataset.emoji.length);
  return Array.from({ length: count }, (_, index) => ({
    emoji: dataset.emoji[(offset + index) % dataset.emoji.length],
    background: dataset.backgrounds[(offset + index) % dataset.backgrounds.length],
    motion,
  }));
}
