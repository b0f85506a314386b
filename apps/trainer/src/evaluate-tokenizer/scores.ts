import { FrechetStatistics, frechetDistance, psnr, SegmentationScore, ssim } from "@nuwa/metrics";
import { readBack } from "@nuwa/tensor3d";
import * as tf from "@tensorflow/tfjs-core";
import type { Embedding } from "./embedding.ts";

/** How near reconstructions are to their pictures, in sums that grow batch by batch. */
export interface ReconstructionScore<Figures> {
  /** Adds a batch; what is given is not disposed. */
  add(originals: tf.Tensor, reconstructions: tf.Tensor): Promise<void>;
  figures(): Figures;
}

export interface PixelFigures {
  /** Means over the pictures. */
  readonly ssim: number;
  /** In dB. */
  readonly psnr: number;
  /** Between the features of the pictures and those of their reconstructions; absent without a network. */
  readonly frechetDistance?: number;
}

/** Of pixels: SSIM, PSNR and, with a network, the Fréchet distance. */
export function pixelScore(embedding: Embedding | undefined): ReconstructionScore<PixelFigures> {
  const statistics = embedding && {
    originals: new FrechetStatistics({ features: embedding.name, dim: embedding.dim }),
    reconstructions: new FrechetStatistics({ features: embedding.name, dim: embedding.dim }),
  };
  const sums = { ssim: 0, psnr: 0, count: 0 };
  return {
    async add(originals, reconstructions) {
      const both = tf.tidy(() =>
        tf.stack([tf.sum(ssim(originals, reconstructions)), tf.sum(psnr(originals, reconstructions))]),
      );
      const [[similarity, ratio]] = await readBack([both]).finally(() => both.dispose());
      sums.ssim += similarity;
      sums.psnr += ratio;
      sums.count += originals.shape[0];
      if (!embedding || !statistics) return;
      await addFeatures(embedding, statistics.originals, originals);
      await addFeatures(embedding, statistics.reconstructions, reconstructions);
    },
    figures: () => ({
      ssim: sums.ssim / sums.count,
      psnr: sums.psnr / sums.count,
      ...(statistics && {
        frechetDistance: frechetDistance(statistics.originals, statistics.reconstructions),
      }),
    }),
  };
}

async function addFeatures(
  embedding: Embedding,
  statistics: FrechetStatistics,
  images: tf.Tensor,
): Promise<void> {
  const features = embedding.embed(images as tf.Tensor4D);
  await statistics.add(features).finally(() => features.dispose());
}

/** Shares from 0 to 1; the paper prints them times 100. */
export interface ClassFigures {
  readonly pixelAccuracy: number;
  readonly frequencyWeightedIoU: number;
}

/** Of class maps. */
export function classScore(classes: number): ReconstructionScore<ClassFigures> {
  const score = new SegmentationScore({ classes });
  return {
    add: (originals, reconstructions) => score.add(reconstructions, originals),
    figures: () => ({
      pixelAccuracy: score.pixelAccuracy(),
      frequencyWeightedIoU: score.frequencyWeightedIoU(),
    }),
  };
}
