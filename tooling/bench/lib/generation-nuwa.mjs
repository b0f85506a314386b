import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenCount } from "@nuwa/tensor3d";
import { createOurs } from "./generation-ours.mjs";
import { config, describe, sampler } from "./generation-sizes.mjs";
import { startPeer } from "./peer.mjs";
import { summarize } from "./summary.mjs";

const tokens = tokenCount(config.targetGrid);
/** Tokens whose time is taken; those between are interpolated. */
const sampled = [0, 1, 320, 640, 1280, 1920, tokens - 1];

/**
 * A whole video by our model, and by nuwa-pytorch in the same configuration, extrapolated from single tokens. Each
 * round takes one of our videos and each sampled token once; one warms up.
 *
 * @returns for `plain` and `guided` `{ ours, tokens, video, ratio }`, by the fastest of the rounds
 */
export async function measureNuwa({ python, threads, rounds, seed }) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const ours = createOurs(config, seed);
  try {
    const job = join(folder, "job.json");
    await writeFile(job, JSON.stringify({ config, sampler, threads }));
    const peer = await startPeer(python, "nuwa_pytorch_generation.py", [job]);
    console.log(`\nnuwa: ${describe(config)}, window 3x3x3`);
    console.log(`  peer: ${peer.about.version}, ${peer.about.threads} threads`);
    const results = { peer: peer.about.version };
    for (const guided of [false, true]) {
      results[guided ? "guided" : "plain"] = await compare(ours, peer, { guided, rounds });
    }
    await peer.stop();
    return results;
  } finally {
    ours.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(ours, peer, { guided, rounds }) {
  const own = [];
  const times = new Map(sampled.map((token) => [token, []]));
  await ours.seconds({ guided });
  await peer.ask({ token: 256, guided });
  for (let round = 0; round < rounds; round++) {
    own.push(await ours.seconds({ guided }));
    for (const token of sampled) times.get(token).push((await peer.ask({ token, guided })).seconds);
  }
  const points = sampled.map((token) => ({ token, seconds: summarize(times.get(token)).min }));
  const seconds = summarize(own).min;
  const video = integral(points);
  const ratio = video / seconds;
  console.log(`  ${guided ? `guidance ${sampler.guidance}` : "no guidance"}, the fastest of ${rounds}`);
  for (const point of points) {
    console.log(`    nuwa-pytorch, token ${String(point.token).padStart(4)}: ${point.seconds.toFixed(3)} s`);
  }
  console.log(`    nuwa-pytorch, ${tokens} tokens, extrapolated: ${video.toFixed(0)} s`);
  console.log(`    ours, ${tokens} tokens: ${seconds.toFixed(2)} s, ${ratio.toFixed(0)} times as fast`);
  return { ours: seconds, tokens: points, video, ratio };
}

/** The time of all tokens, along straight lines between those measured: trapezoids, and half a token at both ends. */
function integral(points) {
  const ends = (points[0].seconds + points.at(-1).seconds) / 2;
  return points
    .slice(1)
    .reduce(
      (sum, { token, seconds }, index) =>
        sum + ((seconds + points[index].seconds) / 2) * (token - points[index].token),
      ends,
    );
}
