import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createGpt, drawGptBatch } from "./gpt-ours.mjs";
import { gpt, optimizer } from "./gpt-sizes.mjs";
import { milliseconds } from "./summary.mjs";
import { startTrainers } from "./trainers.mjs";
import { trainInTurns } from "./training-turns.mjs";

/** Steps before anything is timed, whose losses must agree. The compiled step is recorded in the first two. */
const checkedSteps = 12;
/** All train from the same weights on the same batch: their losses, of about 7 at first, may part by rounding only. */
const lossTolerance = 1e-3;

const titles = {
  asItIs: "ours as it is",
  graph: "ours, compiled, graph",
  xla: "ours, compiled, XLA",
  pytorch: "PyTorch, eager",
  torchCompile: "PyTorch, torch.compile",
};
const ownNames = ["graph", "xla"];

/**
 * Times the training step of the GPT, ours and PyTorch's in turns.
 *
 * @param attends whether with full causal attention or without
 * @throws Error when they do not train the same
 */
export async function compareGpt(attends, { python, torchCompile, rounds, steps, seed, threads }) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const data = drawGptBatch(seed);
  const modes = { asItIs: undefined, graph: "graph", xla: "xla" };
  const ours = Object.fromEntries(
    Object.entries(modes).map(([name, mode]) => [name, createGpt(data, { attends, seed, mode })]),
  );
  try {
    const weights = join(folder, "weights.safetensors");
    await ours.asItIs.save(weights);
    const { batch, ...sizes } = gpt;
    const config = { ...sizes, attends };
    const job = { config, batch, codes: Array.from(data), optimizer, weights, threads };
    const peers = await startTrainers("gpt_step.py", job, { python, folder, torchCompile });
    const { parameters } = ours.asItIs;
    if (peers.pytorch.about.parameters !== parameters) {
      throw new Error(`Parameters: ours ${parameters}, PyTorch ${peers.pytorch.about.parameters}.`);
    }
    const trains = Object.entries({
      ...Object.fromEntries(Object.entries(ours).map(([name, { train }]) => [name, train])),
      ...Object.fromEntries(
        Object.entries(peers).map(([name, peer]) => [name, (count) => peer.ask({ steps: count })]),
      ),
    });
    const contestants = Object.fromEntries(
      trains.map(([name, train]) => [name, { train, warmUp: checkedSteps, steps }]),
    );
    const results = await trainInTurns(contestants, { rounds, tolerance: lossTolerance });
    await Promise.all(Object.values(peers).map((peer) => peer.stop()));
    return report(attends, results, { parameters, peer: peers.pytorch.about });
  } finally {
    for (const one of Object.values(ours)) one.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

function report(attends, results, { parameters, peer }) {
  const { dim, heads, layers, tokens, batch, vocabulary } = gpt;
  const times = Object.fromEntries(Object.entries(results).map(([name, { seconds }]) => [name, seconds]));
  const losses = results.asItIs.losses;
  const apart = Math.max(...Object.values(results).map((result) => result.apart));
  console.log(
    `\n${attends ? "full causal attention" : "without attention"}: dim ${dim}, ${heads} heads, ${layers} layers, ` +
      `batch ${batch} of ${tokens} tokens, vocabulary ${vocabulary}, ${parameters} parameters; ` +
      `${peer.version}, ${peer.threads} threads`,
  );
  console.log(
    `  losses: ${losses[0].toFixed(5)} before the first step, ${losses.at(-1).toFixed(5)} before the last one, ` +
      `largest difference ${apart.toExponential(1)}`,
  );
  for (const [name, time] of Object.entries(times)) {
    console.log(
      `  ${titles[name].padEnd(22)} min / median / max: ${milliseconds(time)}; of PyTorch eager's ${ratio(time, times.pytorch)}`,
    );
  }
  const [own, peers] = [fastest(times, ownNames), fastest(times, ["pytorch", "torchCompile"])];
  console.log(
    `  ours by its faster mode (${own}) of PyTorch's faster way (${titles[peers]}): ${ratio(times[own], times[peers])}`,
  );
  return { times, lossDifference: apart, parameters, torch: peer.version };
}

/** By the fastest and by the middle step. */
function ratio(time, other) {
  return `${(time.min / other.min).toFixed(2)} / ${(time.median / other.median).toFixed(2)}`;
}

function fastest(times, names) {
  return names.filter((name) => name in times).sort((a, b) => times[a].min - times[b].min)[0];
}
