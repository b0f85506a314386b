import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createOurs, drawBatch } from "./ours.mjs";
import { startPeer } from "./peer.mjs";
import { optimizer, sizes } from "./sizes.mjs";
import { milliseconds, summarize } from "./summary.mjs";

const warmUpSteps = 3;
/** The compiled step is recorded twice; `auto` tries both ways in the eight steps after. */
const compiledWarmUpSteps = 11;
/** Both train from the same weights on the same batch: their losses may part by rounding only. */
const lossTolerance = 2e-3;

/** Times the training step of a size, ours and the peers' in turns. */
export async function compareSteps(name, { python, rounds, steps, seed, threads, mode }) {
  const size = sizes[name];
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const data = drawBatch(size, seed);
  const ours = createOurs(size, data, seed);
  const compiled = createOurs(size, data, seed, { compiled: mode });
  try {
    const weights = join(folder, "weights.safetensors");
    const job = join(folder, "job.json");
    await ours.save(weights);
    const batch = { targets: Array.from(data.targets), texts: data.texts.map((text) => Array.from(text)) };
    await writeFile(job, JSON.stringify({ ...size, ...batch, optimizer, weights, threads }));
    const peer = await startPeer(python, "transformer.py", [job]);
    const slow = size.slow && (await startSlowPeer(python, job));
    const contestants = {
      ours: { train: ours.train, warmUp: warmUpSteps, steps },
      compiled: { train: compiled.train, warmUp: compiledWarmUpSteps, steps },
      pytorch: { train: (count) => peer.ask({ steps: count }), warmUp: warmUpSteps, steps },
      ...(slow && { nuwaPytorch: { train: (count) => slow.ask({ steps: count }), warmUp: 1, steps: 1 } }),
    };
    const turns = await takeTurns(contestants, rounds);
    await Promise.all([peer.stop(), slow?.stop()]);
    return report(name, turns, { parameters: ours.parameters, peer: peer.about, slow: slow?.about });
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

async function takeTurns(contestants, rounds) {
  const turns = Object.fromEntries(Object.keys(contestants).map((who) => [who, { seconds: [], losses: [] }]));
  for (let round = -1; round < rounds; round++) {
    for (const [who, { train, warmUp, steps }] of Object.entries(contestants)) {
      const { seconds, losses } = await train(round < 0 ? warmUp : steps);
      turns[who].losses.push(...losses);
      if (round >= 0) turns[who].seconds.push(...seconds);
    }
  }
  return turns;
}

function report(name, { ours, compiled, pytorch, nuwaPytorch }, { parameters, peer, slow }) {
  const { batch, config } = sizes[name];
  const times = Object.fromEntries(
    Object.entries({ ours, compiled, pytorch }).map(([who, { seconds }]) => [who, summarize(seconds)]),
  );
  const apart = largestDifference(ours.losses, pytorch.losses);
  const compiledApart = largestDifference(ours.losses, compiled.losses);
  const { height, width, frames } = config.targetGrid;
  console.log(
    `\n${name}: dim ${config.dim}, ${config.heads} heads, ${config.encoderLayers} + ${config.decoderLayers} layers, ` +
      `batch ${batch} of ${frames}x${height}x${width} codes, ${config.textLength} text tokens`,
  );
  console.log(`  parameters: ours ${parameters}, PyTorch ${peer.parameters}`);
  console.log(
    `  loss before the first step: ours ${ours.losses[0].toFixed(6)}, PyTorch ${pytorch.losses[0].toFixed(6)}`,
  );
  console.log(
    `  loss after ${ours.losses.length - 1} steps: ours ${ours.losses.at(-1).toFixed(6)}, PyTorch ${pytorch.losses.at(-1).toFixed(6)}; ` +
      `largest difference ${apart.toExponential(1)}`,
  );
  console.log(`  ours     min / median / max: ${milliseconds(times.ours)}`);
  console.log(
    `  compiled min / median / max: ${milliseconds(times.compiled)}; losses differ by ${compiledApart.toExponential(1)} at most`,
  );
  console.log(
    `  PyTorch  min / median / max: ${milliseconds(times.pytorch)}  (${peer.version}, ${peer.threads} threads)`,
  );
  const ratio = times.ours.median / times.pytorch.median;
  const fastest = times.ours.min / times.pytorch.min;
  const compiledRatio = times.compiled.median / times.pytorch.median;
  const compiledFastest = times.compiled.min / times.pytorch.min;
  console.log(
    `  ratio of the medians: ${ratio.toFixed(2)}, compiled ${compiledRatio.toFixed(2)}; ` +
      `of the fastest steps: ${fastest.toFixed(2)}, compiled ${compiledFastest.toFixed(2)}`,
  );
  if (nuwaPytorch) {
    times.nuwaPytorch = summarize(nuwaPytorch.seconds);
    const timesAsFast = (who) =>
      `${(times.nuwaPytorch.median / times[who].median).toFixed(1)} times as fast by medians, ` +
      `${(times.nuwaPytorch.min / times[who].min).toFixed(1)} by the fastest steps`;
    console.log(
      `  ${slow.version}, its own model of ${slow.parameters} parameters: ${milliseconds(times.nuwaPytorch)}; ` +
        `ours is ${timesAsFast("ours")}; compiled ${timesAsFast("compiled")}`,
    );
  }
  if (parameters !== peer.parameters || !(Math.max(apart, compiledApart) <= lossTolerance)) {
    console.log("  NOT THE SAME MODEL: the ratio means nothing.");
    process.exitCode = 1;
  }
  return {
    ...times,
    ratio,
    fastest,
    compiledRatio,
    compiledFastest,
    steps: ours.seconds.length,
    lossDifference: apart,
    compiledLossDifference: compiledApart,
    parameters,
    torch: peer.version,
  };
}

function largestDifference(losses, others) {
  return Math.max(...losses.map((loss, index) => Math.abs(loss - others[index])));
}
