import { mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNuwaError } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import type { WholeRunConfig } from "../config/schema.ts";
import { wholeRun } from "../config/whole-run.ts";
import type { Console } from "../console/console.ts";
import { readTensors } from "../files/read-tensors.ts";
import { disposeModel, loadModel } from "../model/model-folder.ts";
import { createRun, openRun, type RunFolder } from "../run/run-folder.ts";
import { trainRun } from "./train.ts";

let folder: string;
let config: WholeRunConfig;

beforeAll(async () => {
  await useCpu();
  folder = await mkdtemp(join(tmpdir(), "nuwa-train-"));
  const test = wholeRun(await loadConfig("test"));
  const steps = <Training extends object>(train: Training) => ({
    ...train,
    budget: { steps: 6 },
    checkpointEvery: 2,
  });
  config = {
    ...test,
    tokenizer: { ...test.tokenizer, train: steps(test.tokenizer.train) },
    transformer: { ...test.transformer, train: steps(test.transformer.train) },
  };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Lines that the console got. */
const lines: string[] = [];

/** A console that prints nothing, and asks to stop once a stage has done so many steps. */
function context(stopAt?: { title: string; step: number }) {
  const stop = new AbortController();
  const console: Console = {
    line: (text = "") => void lines.push(text),
    error() {},
    progress: (title) => ({
      begin() {},
      setTotal() {},
      finish() {},
      update(done) {
        if (title === stopAt?.title && done === stopAt.step) stop.abort();
      },
    }),
  };
  return { console, signal: stop.signal };
}

async function train(run: RunFolder, stopAt?: { title: string; step: number }): Promise<void> {
  const trained = await trainRun(run, "both", context(stopAt));
  trained.dispose();
}

async function errorOf(promise: Promise<unknown>): Promise<{ code: string; message: string; hint?: string }> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (isNuwaError(error)) return error;
  throw error ?? new Error("expected an error");
}

describe("training", () => {
  let whole: RunFolder;

  test("trains both stages and leaves no tensor behind", () =>
    expectNoLeak(async () => {
      whole = await createRun(join(folder, "whole"), config);
      await train(whole);
      expect((await readdir(whole.checkpoints)).sort()).toEqual([
        "tokenizer-00000004.safetensors",
        "tokenizer-00000006.safetensors",
        "transformer-00000004.safetensors",
        "transformer-00000006.safetensors",
      ]);
      expect((await readdir(whole.model)).sort()).toEqual([
        "LICENSE.txt",
        "config.json",
        "image-tokenizer.safetensors",
        "tokenizer.json",
        "transformer.safetensors",
      ]);
    }));

  test("stopped and resumed in both stages, gives the same weights", () =>
    expectNoLeak(async () => {
      const run = await createRun(join(folder, "parts"), config);
      const first = await errorOf(train(run, { title: "Image tokenizer", step: 3 }));
      expect(first.code).toBe("INTERRUPTED");
      expect(first.message).toContain("tokenizer-00000003.safetensors");
      expect(first.message).toContain(`nuwa train --resume ${run.path}`);
      expect((await errorOf(train(await openRun(run.path), { title: "Transformer", step: 3 }))).code).toBe(
        "INTERRUPTED",
      );
      await train(await openRun(run.path));
      for (const [title, stage] of [
        ["Image tokenizer", "tokenizer"],
        ["Transformer", "transformer"],
      ]) {
        const path = join(run.checkpoints, `${stage}-00000003.safetensors`);
        expect(lines).toContain(`${title}: goes on from ${path}, step 3 of 6.`);
      }
      for (const name of ["tokenizer-00000006.safetensors", "transformer-00000006.safetensors"]) {
        const [expected, actual] = await Promise.all(
          [whole, run].map(async ({ checkpoints }) => (await readTensors(join(checkpoints, name))).tensors),
        );
        expect(actual).toEqual(expected);
      }
    }));

  test("names a checkpoint that is cut, and leaves the files alone", async () => {
    const path = join(whole.checkpoints, "transformer-00000006.safetensors");
    await truncate(path, (await readFile(path)).length - 10);
    const before = await readdir(whole.checkpoints);
    const error = await errorOf(train(whole));
    expect(error.code).toBe("CHECKPOINT");
    expect(error.message).toContain(path);
    expect(error.hint).toContain("transformer-00000004.safetensors");
    expect(await readdir(whole.checkpoints)).toEqual(before);
    await rm(path);
    await train(whole); // goes on from the one before
  });

  test("the transformer wants a tokenizer first", async () => {
    const run = await createRun(join(folder, "bare"), config);
    const error = await errorOf(trainRun(run, "transformer", context()));
    expect(error.message).toContain("not trained yet");
    expect(error.hint).toContain("nuwa train tokenizer");
  });

  test.each(["tokenizer", "both", "transformer"] as const)(
    "a wrong choice of further emoji is named before nuwa train %s computes anything",
    async (stage) => {
      const broken = structuredClone(config) as WholeRunConfig;
      broken.transformer.train.tasks.videoPrediction.further = { emoji: ["foks"], share: 0.5 };
      const finished = stage === "transformer"; // which wants a trained tokenizer
      const run = finished
        ? { ...whole, config: broken }
        : await createRun(join(folder, `further-${stage}`), broken);
      const error = await errorOf(
        trainRun(run, stage, {
          ...context(),
          console: {
            ...context().console,
            progress: (title) => {
              throw new Error(`${title} began`);
            },
          },
        }),
      );
      expect(error.code).toBe("CONFIG");
      expect(error.message).toMatch(/videoPrediction\.further.*"foks"/s);
    },
  );

  test.each([
    { kind: "codebook" },
    { kind: "cosine", codeDim: 3 },
    { kind: "fsq", levels: [4, 4] },
    { kind: "lfq", codeDim: 4 },
  ])("trains both stages with the quantizer $kind, and continues", (quantizer) =>
    expectNoLeak(async () => {
      const { codebookSize, ...rest } = config.tokenizer.model;
      const model = { ...rest, quantizer };
      const implied = ["fsq", "lfq"].includes(quantizer.kind);
      const tokenizer = { ...config.tokenizer, model: implied ? model : { ...model, codebookSize } };
      const run = await createRun(join(folder, quantizer.kind), { ...config, tokenizer });
      const stopped = await errorOf(train(run, { title: "Image tokenizer", step: 3 }));
      expect(stopped.code).toBe("INTERRUPTED");
      await train(await openRun(run.path));
      const saved = JSON.parse(await readFile(join(run.model, "config.json"), "utf8"));
      expect(saved.tokenizer).toMatchObject({ quantizer, codebookSize: 16 });
      expect(saved.transformer.codebookSize).toBe(16);
      disposeModel(await loadModel(run.model));
    }),
  );

  test("a wrong section of the config is named before anything is trained", async () => {
    const broken = {
      ...config,
      transformer: { ...config.transformer, model: { ...config.transformer.model, hedas: 2 } },
    };
    const run = await createRun(join(folder, "broken"), broken);
    const error = await errorOf(train(run));
    expect(error.code).toBe("CONFIG");
    expect(error.message).toMatch(/transformer\.model.*hedas/s);
    expect(await readdir(run.checkpoints).catch(() => [])).toEqual([]);
  });
});
