import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tokenCount } from "@nuwa/tensor3d";
import { createOurs } from "./generation-ours.mjs";
import { config, describe, sampler } from "./generation-sizes.mjs";
import { startPeer } from "./peer.mjs";
import { summarize } from "./summary.mjs";

/** How far the peer's logits may lie from ours, relative to the largest. */
const logitTolerance = 1e-4;
/** How many codes the peer draws to warm up. */
const warmUpTokens = 64;
const tokens = tokenCount(config.targetGrid);

/**
 * Videos drawn by our model and, code by code, by a PyTorch decoder with caches, from the same weights, in turns.
 *
 * @param options `checked`: the first tokens whose logits and greedy codes must agree; `peerTokens`: how many the
 *   peer draws in a turn
 * @returns by contestant `{ seconds, tokensPerSecond }`
 * @throws when both do not compute the same
 */
export async function measureSpeed({ python, threads, rounds, peerTokens, checked, seed }) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  const ours = createOurs(config, seed);
  try {
    const peer = await openPeer(ours, { python, threads, folder });
    console.log(`\nspeed: ${describe(config)}, window 3x3x3`);
    console.log(`  peer: ${peer.about.version}, ${peer.about.threads} threads`);
    const ways = await waysOf(peer);
    const agreement = await checkAgreement(ours, peer, { folder, ways, checked });
    const contestants = [false, true].flatMap((guided) => [
      { name: name("ours", guided), guided, tokens, run: () => ours.seconds({ guided }) },
      ...ways.map((way) => ({
        name: name(`PyTorch, ${way}`, guided),
        guided,
        tokens: peerTokens,
        run: async (count) => (await peer.ask({ run: way, guided, tokens: count })).seconds,
      })),
    ]);
    const seconds = await takeTurns(contestants, rounds);
    await peer.stop();
    return { agreement, peer: peer.about.version, ...report(contestants, seconds) };
  } finally {
    ours.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

async function openPeer(ours, { python, threads, folder }) {
  const weights = join(folder, "weights.safetensors");
  const job = join(folder, "job.json");
  await ours.save(weights);
  const [text, codes] = [ours.text, ours.codes].map((values) => Array.from(values));
  await writeFile(job, JSON.stringify({ config, sampler, weights, threads, text, codes }));
  const peer = await startPeer(python, "generation.py", [job]);
  if (peer.about.parameters !== ours.parameters) {
    throw new Error(`Parameters: ours ${ours.parameters}, PyTorch ${peer.about.parameters}.`);
  }
  return peer;
}

/** The peer's logits, given the same codes, and its greedy codes, however it runs. */
async function checkAgreement(ours, peer, { folder, ways, checked }) {
  const file = join(folder, "logits.safetensors");
  await ours.saveLogits(file, ours.codes, checked);
  const { error } = await peer.ask({ logits: checked, file });
  console.log(
    `  the first ${checked} tokens: logits given the same codes part by ${error.toExponential(1)} of the largest`,
  );
  if (!(error <= logitTolerance)) throw new Error("The two do not compute the same.");
  for (const guided of [false, true]) {
    const own = await ours.greedy({ guided });
    for (const way of ways) {
      const { codes } = await peer.ask({ greedy: way, guided, tokens: checked });
      const parted = codes.findIndex((code, token) => code !== own[token]);
      if (parted < 0) continue;
      throw new Error(`${name(`PyTorch, ${way}`, guided)}: another code than ours at token ${parted}.`);
    }
  }
  console.log("  the likeliest codes are equal, also with guidance");
  return { tokens: checked, logitError: error };
}

/** How PyTorch can run here. */
async function waysOf(peer) {
  const ways = [];
  for (const way of ["eager", "compiled"]) {
    const { failed } = await peer.ask({ prepare: way });
    if (failed === null) ways.push(way);
    else console.log(`  PyTorch, ${way}, is left out: ${failed}`);
  }
  return ways;
}

/** A first round warms up and is not counted. */
async function takeTurns(contestants, rounds) {
  const seconds = Object.fromEntries(contestants.map(({ name }) => [name, []]));
  for (const { run } of contestants) await run(warmUpTokens);
  for (let round = 0; round < rounds; round++) {
    for (const contestant of contestants) {
      seconds[contestant.name].push(await contestant.run(contestant.tokens));
    }
  }
  return seconds;
}

function report(contestants, seconds) {
  const results = {};
  for (const guided of [false, true]) {
    const group = contestants.filter((contestant) => contestant.guided === guided);
    const speeds = group.map(({ name, tokens: count }) => {
      const times = summarize(seconds[name]);
      return { name, seconds: times, fastest: count / times.min, median: count / times.median };
    });
    const [own] = speeds;
    console.log(`  ${guided ? `guidance ${sampler.guidance}` : "no guidance"} (fastest / median)`);
    for (const { name, fastest, median } of speeds) {
      const ratio = `${(own.fastest / fastest).toFixed(1)} / ${(own.median / median).toFixed(1)}`;
      const compared = name === own.name ? "" : `   ours is ${ratio} times as fast`;
      console.log(`    ${name.padEnd(26)} ${rate(fastest)} / ${rate(median)} tokens/s${compared}`);
    }
    for (const { name, ...speed } of speeds) results[name] = speed;
  }
  return results;
}

const name = (who, guided) => (guided ? `${who}, guided` : who);

const rate = (value) => value.toFixed(value < 1000 ? 1 : 0).padStart(6);
