import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOurs, drawBatch } from "./ours.mjs";
import { startPeer } from "./peer.mjs";
import { optimizer, sizes } from "./sizes.mjs";
import { milliseconds } from "./summary.mjs";
import { startTrainers } from "./trainers.mjs";
import { trainInTurns } from "./training-turns.mjs";

const warmUpSteps = 3;
/** The compiled step is recorded twice; `auto` tries both ways in the eight steps after. */
const compiledWarmUpSteps = 11;
/** All train from the same weights on the same batch: their losses may part by rounding only. */
const lossTolerance = 2e-3;

/**
 * Times the training step of a size, ours and the peers' in turns.
 *
 * @throws Error when ours and PyTorch's do not train the same
 */
export async function compareSteps(name, { python, torchCompile, rounds, steps, seed, threads, mode }) {
  const size = sizes[name];
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const data = drawBatch(size, seed);
  const ours = createOurs(size, data, seed);
  const compiled = createOurs(size, data, seed, { compiled: mode });
  try {
    const weights = join(folder, "weights.safetensors");
    await ours.save(weights);
    const batch = { targets: Array.from(data.targets), texts: data.texts.map((text) => Array.from(text)) };
    const job = { ...size, ...batch, optimizer, weights, threads };
    const peers = await startTrainers("transformer.py", job, { python, folder, torchCompile });
    const { about } = peers.pytorch;
    if (about.parameters !== ours.parameters) {
      throw new Error(`Parameters: ours ${ours.parameters}, PyTorch ${about.parameters}.`);
    }
    const slow = size.slow && (await startSlowPeer(python, join(folder, "job.json")));
    const trainerOf = (peer) => (count) => peer.ask({ steps: count });
    const contestants = {
      ours: { train: ours.train, warmUp: warmUpSteps, steps },
      compiled: { train: compiled.train, warmUp: compiledWarmUpSteps, steps },
    };
    for (const [who, peer] of Object.entries(peers)) {
      contestants[who] = { train: trainerOf(peer), warmUp: warmUpSteps, steps };
    }
    if (slow) contestants.nuwaPytorch = { train: trainerOf(slow), warmUp: 1, steps: 1, other: true };
    const turns = await trainInTurns(contestants, { rounds, tolerance: lossTolerance });
    await Promise.all([...Object.values(peers), ...(slow ? [slow] : [])].map((peer) => peer.stop()));
    return report(name, turns, { parameters: ours.parameters, peer: about, slow: slow?.about });
  } finally {
    ours.dispose();
    compiled.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

/** nuwa-pytorch, or undefined with the reason printed. */
async function startSlowPeer(python, job) {
  try {
    return await startPeer(python, "nuwa_pytorch_step.py", [job]);
  } catch (error) {
    console.log(`nuwa-pytorch is left out: ${error.message}`);
    return undefined;
  }
}

function report(name, turns, { parameters, peer, slow }) {
  const { batch, config } = sizes[name];
  const times = Object.fromEntries(Object.entries(turns).map(([who, { seconds }]) => [who, seconds]));
  const { ours, compiled, pytorch, torchCompile } = turns;
  const { height, width, frames } = config.targetGrid;
  console.log(
    `\n${name}: dim ${config.dim}, ${config.heads} heads, ${config.encoderLayers} + ${config.decoderLayers} layers, ` +
      `batch ${batch} of ${frames}x${height}x${width} codes, ${config.textLength} text tokens; ${parameters} parameters`,
  );
  console.log(
    `  loss before the first step: ours ${ours.losses[0].toFixed(6)}, PyTorch ${pytorch.losses[0].toFixed(6)}`,
  );
  console.log(
    `  loss after ${pytorch.losses.length - 1} steps: ours ${ours.losses[pytorch.losses.length - 1].toFixed(6)}, ` +
      `PyTorch ${pytorch.losses.at(-1).toFixed(6)}; largest difference ${pytorch.apart.toExponential(1)}`,
  );
  console.log(`  ours          min / median / max: ${milliseconds(times.ours)}`);
  console.log(
    `  compiled      min / median / max: ${milliseconds(times.compiled)}; losses differ by ${compiled.apart.toExponential(1)} at most`,
  );
  console.log(
    `  PyTorch       min / median / max: ${milliseconds(times.pytorch)}  (${peer.version}, ${peer.threads} threads)`,
  );
  if (torchCompile) {
    console.log(
      `  torch.compile min / median / max: ${milliseconds(times.torchCompile)}; losses differ by ${torchCompile.apart.toExponential(1)} at most`,
    );
  }
  const against = (who, other) => ({
    medians: times[who].median / times[other].median,
    fastest: times[who].min / times[other].min,
  });
  const best = torchCompile && times.torchCompile.median < times.pytorch.median ? "torchCompile" : "pytorch";
  const ratios = {
    ours: against("ours", "pytorch"),
    compiled: against("compiled", "pytorch"),
    compiledAgainstBest: against("compiled", best),
  };
  console.log(
    `  ratio of the medians: ${ratios.ours.medians.toFixed(2)}, compiled ${ratios.compiled.medians.toFixed(2)}; ` +
      `of the fastest steps: ${ratios.ours.fastest.toFixed(2)}, compiled ${ratios.compiled.fastest.toFixed(2)}`,
  );
  if (best === "torchCompile") {
    const { medians, fastest } = ratios.compiledAgainstBest;
    console.log(
      `  compiled against torch.compile: medians ${medians.toFixed(2)}, fastest steps ${fastest.toFixed(2)}`,
    );
  }
  if (slow) {
    const timesAsFast = (who) =>
      `${(times.nuwaPytorch.median / times[who].median).toFixed(1)} times as fast by medians, ` +
      `${(times.nuwaPytorch.min / times[who].min).toFixed(1)} by the fastest steps`;
    console.log(
      `  ${slow.version}, its own model of ${slow.parameters} parameters: ${milliseconds(times.nuwaPytorch)}; ` +
        `ours is ${timesAsFast("ours")}; compiled ${timesAsFast("compiled")}`,
    );
  }
  return {
    ...times,
    ratios,
    lossDifference: pytorch.apart,
    compiledLossDifference: compiled.apart,
    parameters,
    torch: peer.version,
  };
}
