import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pairCount } from "@nuwa/attention-3dna";
import { videoGrid } from "@nuwa/tensor3d";
import { writeSafetensors } from "@nuwa/tensor3d/node";
import * as tf from "@tensorflow/tfjs-core";
import { attentionOptions, createCore, createLayer } from "./attention-ours.mjs";
import { size } from "./attention-patterns.mjs";
import { takeTurns, timesTable } from "./turns.mjs";

const grid = videoGrid(16, 16, 10);
const shape = { heads: 8, headDim: 64 };
const extents = [
  { height: 3, width: 3, frames: 3 },
  { height: 7, width: 7, frames: 5 },
];
const create = { core: createCore, layer: createLayer };
const passTitles = { forward: "forward", both: "forward and backward" };
/** Largest difference of a result, relative to its largest value, between ours and a peer's. */
const tolerance = 1e-4;

/**
 * Compares ours with the peers at every window.
 *
 * @param part `core`: attention alone; `layer`: with the projections
 * @returns by window, for each pass the times and the fastest peer that computes the same
 */
export async function comparePart(part, peer, options) {
  const results = {};
  for (const extent of extents) {
    const pairs = pairCount(attentionOptions(grid, extent).pattern, { queryGrid: grid, causal: true });
    console.log(
      `\n${part}: window ${size(extent)} of ${size(grid)} tokens, causal, ${pairs} pairs, ` +
        `${shape.heads} heads of ${shape.headDim}, batch 1 (min / median)`,
    );
    const ours = create[part]({ grid, extent, ...shape });
    const peers = await openPeers(ours, peer, { extent, layer: part === "layer", slow: options.slow });
    const window = (results[size(extent)] = { pairs, errors: {} });
    for (const { name, same, errors } of peers) if (same) window.errors[name] = errors;
    for (const pass of Object.keys(passTitles)) {
      window[pass] = await comparePass(pass, ours, peers, peer, options);
    }
    ours.dispose();
  }
  return results;
}

/** Sets the peers up with our inputs, and checks those that compute the same against our results. */
async function openPeers(ours, peer, problem) {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-bench-"));
  try {
    const file = join(folder, "problem.safetensors");
    const results = ours.results();
    await writeSafetensors(file, { ...ours.given, ...results });
    tf.dispose(results);
    const { contestants } = await peer.ask({ open: { ...problem, grid, heads: shape.heads, file } });
    for (const { name, failed } of contestants) {
      if (failed) console.log(`  ${name}: does not run here: ${failed}`);
    }
    const running = contestants.filter(({ failed }) => !failed);
    checkErrors(running);
    return running;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkErrors(contestants) {
  let largest = 0;
  for (const { name, errors } of contestants) {
    for (const [result, error] of Object.entries(errors)) {
      if (!(error <= tolerance)) {
        throw new Error(
          `${name}: ${result} differs from ours by ${error} of its largest value, so it is another function.`,
        );
      }
      largest = Math.max(largest, error);
    }
  }
  console.log(`  values and gradients agree: largest relative error ${largest.toExponential(1)}`);
}

async function comparePass(pass, ours, peers, peer, options) {
  const able = peers.filter(({ passes }) => passes.includes(pass));
  const contestants = [
    { name: "ours", run: (calls) => ours.run(pass, calls) },
    ...able.map(({ name, once }) => ({
      name,
      once,
      run: async (calls) => (await peer.ask({ run: name, pass, calls })).seconds,
    })),
  ];
  const times = await takeTurns(contestants, options);
  console.log(`  ${passTitles[pass]}`);
  for (const line of timesTable(times)) console.log(`    ${line}`);
  const best = fastest(times, able);
  if (best) {
    const ratio = best.ratio.toFixed(1);
    console.log(`    the fastest that computes the same: ${best.name}, ${ratio} times ours (medians)`);
  }
  return { times, best };
}

/** Of the peers that compute the same as ours. */
function fastest(times, peers) {
  const names = peers.filter(({ same }) => same).map(({ name }) => name);
  const [best] = names.sort((a, b) => times[a].median - times[b].median);
  return best && { name: best, ratio: times[best].median / times.ours.median };
}
