import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NuwaError, Rng } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { type VqConfigInput, VqModel } from "@nuwa/vqgan";
import * as tf from "@tensorflow/tfjs-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT, main } from "../cli.ts";
import type { Console } from "../console/console.ts";
import { saveTokenizer } from "../model/tokenizer-folder.ts";
import type { TokenizerInput } from "../model/tokenizer-input.ts";
import { runEvaluateTokenizer } from "./command.ts";
import type { Embedding } from "./embedding.ts";

let folder: string;
let first: string;

/** A console that keeps what it is told, and asks to stop at the first progress where it shall. */
function caught(stop?: AbortController) {
  const [out, errors, bars]: string[][] = [[], [], []];
  const console: Console = {
    line: (text = "") => void out.push(text),
    error: (text) => void errors.push(text),
    progress: (title) => {
      bars.push(title);
      return { update: () => stop?.abort(), begin() {}, setTotal() {}, finish() {} };
    },
  };
  return { console, out, errors, bars };
}

async function evaluate(...args: string[]) {
  const { console, out, errors } = caught();
  const code = await main(["evaluate", "tokenizer", ...args], { console });
  return { code, out: out.join("\n"), errors: errors.join("\n") };
}

const data = { size: 16, spriteSize: 8, frames: 3, pixelsPerFrame: 4, align: 4 };
const config = {
  resolution: 16,
  patch: 2,
  channels: [8, 8],
  encoderBlocks: [1, 1],
  decoderBlocks: [1, 1],
  embeddingDim: 4,
  codebookSize: 16,
} as const;

async function save(
  path: string,
  name: string,
  emoji: unknown,
  changes: Partial<VqConfigInput> = {},
  input: TokenizerInput = "pixels",
) {
  const model = VqModel.create({ ...config, ...changes } as VqConfigInput, new Rng(1));
  const size = model.config.resolution;
  const training = { steps: 1, seconds: 1 };
  await saveTokenizer(path, { name, input, data: { ...data, size, emoji }, model, training });
  model.dispose();
}

beforeAll(async () => {
  await useCpu();
  folder = await mkdtemp(join(tmpdir(), "nuwa-evaluate-tokenizer-"));
  first = join(folder, "first");
  await save(first, "mine", ["apple", "banana", "frog", "star"]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const few = ["--pictures", "4", "--backend", "cpu", "--unseen", "[fox, panda, key]"];

describe("nuwa evaluate tokenizer", () => {
  test("prints one table of several tokenizers, and writes the figures, the table and the pictures", async () => {
    const second = join(folder, "second");
    await save(second, "other", ["apple", "cactus"], { quantizer: { kind: "fsq", levels: [4, 4] } });
    const paths = ["figures.json", "table.md", "sheet.png"].map((name) => join(folder, name));
    const files = ["--out", paths[0], "--markdown", paths[1], "--sheet", paths[2]];
    const { code, out, errors } = await evaluate("--model", first, "--model", second, ...few, ...files);
    expect({ code, errors }).toEqual({ code: EXIT.ok, errors: "" });
    for (const row of [/^mine .*VQ-VAE +ema .*16² → 4² +F4 +16/m, /^other .*fsq .*3 unseen drawings/m]) {
      expect(out).toMatch(row);
    }
    expect(out).toMatch(/NÜWA \(paper\) +VQ-GAN .*OpenImages .*0\.7527/);
    expect(out).toContain("not comparable");
    expect(out).toContain("CC BY-SA 4.0");
    for (const path of paths) expect(out).toContain(`Wrote ${path}`);

    const figures = JSON.parse(await readFile(paths[0], "utf8"));
    expect(figures.tokenizers.map((each: { name: string }) => each.name)).toEqual(["mine", "other"]);
    expect(figures.tokenizers[0]).toMatchObject({
      folder: first,
      unseenDrawings: ["fox", "panda", "key"],
      trained: { pictures: 4, ssim: expect.any(Number), heldOutCombinations: true },
      unseen: { pictures: 4, drawings: 3, psnr: expect.any(Number), heldOutCombinations: false },
    });
    expect(await readFile(paths[1], "utf8")).toContain("| NÜWA (paper) | VQ-GAN |");
    expect((await sharp(paths[2]).metadata()).width).toBe(12 * 134 + 6);

    await evaluate("--model", first, "--model", second, ...few, "--out", paths[1]);
    expect(await readFile(paths[1], "utf8")).toBe(await readFile(paths[0], "utf8"));
  });

  describe("with a network behind the Fréchet distance", () => {
    const meanColours: Embedding = {
      name: "mean colours 1",
      dim: 3,
      embed: (pixels) => tf.mean(pixels, [1, 2]) as tf.Tensor2D,
      dispose() {},
    };

    async function evaluateWith(network: Embedding) {
      const { console, out, bars } = caught();
      const options = { model: [first], pictures: 4, unseen: "[key]", seed: 0, backend: "cpu" } as const;
      const { signal } = new AbortController();
      await runEvaluateTokenizer(options, { console, signal }, async () => network);
      return { out, bars };
    }

    test("names it, disposes it and leaks nothing", () =>
      expectNoLeak(async () => {
        let disposed = 0;
        const { out, bars } = await evaluateWith({ ...meanColours, dispose: () => void disposed++ });
        expect(out.filter((line) => line.includes("mean colours 1"))).toHaveLength(2);
        expect(disposed).toBe(1);
        expect(bars).toContain("mine, trained drawings");
        expect(bars).toContain("mine, unseen drawings");
      }));

    test("leaves the distance out where it does not read pictures of the size, and says so", () =>
      expectNoLeak(async () => {
        const embed = (): tf.Tensor2D => {
          throw new NuwaError("SHAPE", "Wanted at least 32 pixels, got 16.");
        };
        const { out } = await evaluateWith({ ...meanColours, embed });
        expect(out.at(-1)).toBe("There is no Fréchet distance. Wanted at least 32 pixels, got 16.");
        expect(out.join()).not.toContain("mean colours 1");
      }));

    test("passes on what else is wrong with it", async () => {
      const embed = (): tf.Tensor2D => {
        throw new Error("broken");
      };
      await expect(evaluateWith({ ...meanColours, embed })).rejects.toThrow("broken");
    });
  });

  test("gives tokenizers of class maps a table of their own", async () => {
    const [sketch, segmentation] = ["sketch", "segmentation"].map((name) => join(folder, name));
    const kind = { kind: "vq-gan-seg" } as const;
    await save(sketch, "lines", ["frog", "star"], { ...kind, classes: 2 }, "sketch");
    await save(segmentation, "parts", ["frog", "star"], { ...kind, classes: 3 }, "segmentation"); // and the background
    const { code, out, errors } = await evaluate("--model", sketch, segmentation, first, ...few);
    expect({ code, errors }).toEqual({ code: EXIT.ok, errors: "" });
    expect(out).toMatch(/^model .* PA +FWIoU +stability$/m);
    expect(out).toMatch(
      /^lines +VQ-GAN-Seg .*sketch of 2 trained drawings .* \d+\.\d\d +\d+\.\d\d +100\.0 %$/m,
    );
    expect(out).toMatch(/^parts .*segmentation of 2 unseen drawings/m); // fox, panda; a key is of another group
    expect(out).toMatch(/^mine +VQ-VAE /m);
    expect(out).toMatch(/^NÜWA \(paper\) +VQ-GAN-Seg .*VSPW .*95\.36 +91\.82/m);
  });

  test("has the Fréchet distance of the features of OpenMoji, where pictures are large enough", async () => {
    const path = join(folder, "of-32-pixels");
    await save(path, "of 32", ["frog", "star"], { resolution: 32 });
    const large = await evaluate("--model", path, ...few);
    expect(large.code).toBe(EXIT.ok);
    expect(large.out).toMatch(/^of 32 .* [\d.]+ +openmoji-features/m);
    expect(large.out).not.toContain("There is no Fréchet distance");
    const small = await evaluate("--model", first, ...few);
    expect(small.code).toBe(EXIT.ok);
    expect(small.out).toContain("There is no Fréchet distance.");
  });

  test("a tokenizer that learnt from all drawings has no unseen ones", async () => {
    const path = join(folder, "all");
    await save(path, "everything", "all");
    const { code, out } = await evaluate("--model", path, "--pictures", "2", "--backend", "cpu");
    expect(code).toBe(EXIT.ok);
    expect(out).toContain("none is left or none has its classes: everything");
    expect(out).not.toMatch(/^everything.*unseen drawings/m);
  });

  test("Ctrl-C stops it", async () => {
    const stop = new AbortController();
    const { console, errors } = caught(stop);
    const args = ["evaluate", "tokenizer", "--model", first, ...few];
    expect(await main(args, { console, signal: stop.signal })).toBe(EXIT.interrupted);
    expect(errors).toEqual(["Stopped."]);
  });

  test.each([
    [["--pictures", "4"], "required option '--model <folder...>' not specified"],
    [["--model", "m", "--pictures", "0"], "Wanted a whole number of at least 2"],
    [["--model", "m", "--pictures", "many"], "Wanted a whole number of at least 2"],
    [["--model", "m", "--backend", "abacus"], "Allowed choices are auto, node, webgpu, wasm, cpu"],
    [["--model", "m", "--seed", "-1"], "Wanted a whole number of at least 0"],
    [["--model", "m", "--guidance", "1"], "unknown option '--guidance'"],
  ])("%j is a usage error", async (args, message) => {
    const { code, errors } = await evaluate(...args);
    expect(code).toBe(EXIT.usage);
    expect(errors).toContain(message);
  });

  test.each([
    [["--unseen", "{ groups: [food] }"], "wanted some of", ""],
    [["--unseen", "{ gruops: [food-drink] }"], "--unseen: ", "a list of names"],
    [["--unseen", "[fox, frog]"], "mine learnt from 1 of them: frog", "Leave --unseen out"],
    [["--sheet", "sheet.jpg"], "--sheet sheet.jpg: wanted .png", ""],
    [["--out", join("no-such-folder", "x.json")], "There is no folder no-such-folder", "Make it first"],
  ])("%j fails clearly", async (args, message, hint) => {
    const { code, errors } = await evaluate("--model", first, "--pictures", "4", "--backend", "cpu", ...args);
    expect(code).toBe(EXIT.failed);
    expect(errors).toContain(message);
    expect(errors).toContain(hint);
  });

  test("names a folder that is missing and a file that is damaged", async () => {
    const none = join(folder, "none");
    const missing = await evaluate("--model", first, none, ...few);
    expect(missing.code).toBe(EXIT.failed);
    expect(missing.errors).toContain(`There is no ${join(none, "config.json")}`);
    const copy = join(folder, "copy");
    await cp(first, copy, { recursive: true });
    const weights = join(copy, "image-tokenizer.safetensors");
    await truncate(weights, (await readFile(weights)).length - 4);
    const damaged = await evaluate("--model", copy, ...few);
    expect(damaged.code).toBe(EXIT.failed);
    expect(damaged.errors).toContain(weights);
  });

  test("refuses tokenizers of different sizes, and data of another size than the tokenizer's", async () => {
    const large = join(folder, "large");
    await save(large, "large", ["frog", "star"], { resolution: 32 });
    const mixed = await evaluate("--model", first, large, ...few, "--out", join(folder, "mixed.json"));
    expect(mixed.code).toBe(EXIT.failed);
    expect(mixed.errors).toContain("one size, got 16 (mine), 32 (large) pixels");
    expect(await readdir(folder)).not.toContain("mixed.json");
    const file = join(large, "config.json");
    await writeFile(file, (await readFile(file, "utf8")).replace('"size": 32', '"size": 24'));
    const unlike = await evaluate("--model", large, ...few);
    expect(unlike.code).toBe(EXIT.failed);
    expect(unlike.errors).toContain(`${file}: wanted data of the tokenizer's size, 32 pixels, got 24`);
  });
});

describe("nuwa evaluate", () => {
  test.each(["captions", "tokenizer"])("%s has help", async (name) => {
    const { console, out } = caught();
    expect(await main(["evaluate", name, "--help"], { console })).toBe(EXIT.ok);
    expect(out.join("\n")).toContain(`Usage: nuwa evaluate ${name}`);
  });

  test("is the caption test by itself", async () => {
    const { console, errors } = caught();
    const none = join(folder, "none");
    expect(await main(["evaluate", "--model", none, "--backend", "cpu"], { console })).toBe(EXIT.failed);
    expect(errors.join("\n")).toContain(join(none, "config.json"));
    expect(await main(["evaluate", "--images", "0"], { console })).toBe(EXIT.usage);
    expect(await main(["evaluate", "tokeniser", "--model", none], { console })).toBe(EXIT.usage);
    expect(await main(["evaluate", "--debug", "--model", none, "--backend", "cpu"], { console })).toBe(
      EXIT.failed,
    );
    expect(errors.at(-1)).toContain("    at ");
  });
});
