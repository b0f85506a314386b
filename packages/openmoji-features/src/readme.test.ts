import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { FrechetStatistics, frechetDistance } from "@nuwa/metrics";
import { decodeSafetensors, Rng, randomNormal } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { perceptualDistance } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import { beforeAll, expect, test } from "vitest";
import { readOpenMojiFeatures } from "./node.ts";

const read = (path: string) => readFile(new URL(path, import.meta.url), "utf8");

beforeAll(useCpu);

test("the README's example", () =>
  expectNoLeak(async () => {
    const network = await readOpenMojiFeatures();
    const rng = new Rng(1);
    const pixels = tf.tidy(() => tf.tanh(randomNormal([4, 32, 32, 3], rng))) as tf.Tensor4D;
    const worse = tf.tidy(() =>
      tf.add(pixels, randomNormal([4, 32, 32, 3], rng, { std: 0.3 })),
    ) as tf.Tensor4D;
    const levels = network.features(pixels);
    const shapes = levels.map(({ shape }) => `[${shape.join(", ")}]`).join(", ");
    expect(shapes).toBe("[4, 32, 32, 24], [4, 16, 16, 48], [4, 8, 8, 96], [4, 4, 4, 128]");
    const distance = perceptualDistance(network, pixels, worse);
    expect(distance.shape).toEqual([4]);

    const real = new FrechetStatistics({ features: network.name, dim: network.dim });
    const generated = new FrechetStatistics({ features: network.name, dim: network.dim });
    const embeddings = [network.embed(pixels), network.embed(worse)];
    expect(embeddings[0].shape).toEqual([4, 128]);
    await real.add(embeddings[0]);
    await generated.add(embeddings[1]);
    expect(frechetDistance(real, generated)).toBeGreaterThan(0);
    const readme = await read("../README.md");
    for (const part of [shapes, `"${network.name}"`, "not a FID"]) expect(readme).toContain(part);
    tf.dispose([pixels, worse, levels, distance, embeddings]);
    network.dispose();
  }));

/** Rows of the README by the kinds of pictures in training.json. */
const kinds = {
  "as the data draws": "plain",
  "any size": "scenes",
  "the same, half": "damagedScenes",
  "on larger": "largerScenes",
};

test("the README's figures and command are those of training.json", async () => {
  const { command, metrics, training } = JSON.parse(await read("../weights/training.json"));
  const readme = await read("../README.md");
  const row = (words: string) => readme.split("\n").find((line) => line.startsWith(`| ${words}`));
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  for (const [words, kind] of Object.entries(kinds)) {
    const shares = [metrics.accuracy[kind], metrics.nearestOfUnseen[kind]].map(percent);
    expect(row(words)).toContain(`| ${shares.join(" | ")} |`);
  }
  expect(readme).toContain(command);
  expect(command).toContain(`--steps ${training.steps} --seed ${training.seed}`);
});

// Without a build there is nothing to check; `npm test` builds first.
const isBuilt = existsSync(new URL("../dist/index.js", import.meta.url));

test.skipIf(!isBuilt)("importing makes no tensors and registers no backend", () => {
  const entries = ["index", "node"].map((name) => new URL(`../dist/${name}.js`, import.meta.url).href);
  const program = `import * as tf from "@tensorflow/tfjs-core";
    await Promise.all(${JSON.stringify(entries)}.map((entry) => import(entry)));
    console.log(tf.engine().state.numTensors, Object.keys(tf.engine().registryFactory).length);`;
  const folder = fileURLToPath(new URL("..", import.meta.url));
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", program], { cwd: folder });
  expect(output.toString().trim()).toBe("0 0");
});

test("the weights are small and carry their name and licence", async () => {
  const file = new URL("../weights/openmoji-features-1.safetensors", import.meta.url);
  const { size } = await stat(file);
  expect(size).toBeLessThan(2e6);
  const { metadata } = decodeSafetensors(await readFile(file));
  expect(metadata).toEqual({
    name: "openmoji-features-1",
    licence: "CC BY-SA 4.0, made from the drawings of OpenMoji (openmoji.org)",
  });
  expect(await read("../weights/LICENSE.txt")).toContain("CC BY-SA 4.0");
});
