import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkConfig, loadConfig } from "../config/load.ts";
import type { RunConfig } from "../config/schema.ts";
import type { Console } from "../console/console.ts";
import { loadTokenizer } from "../model/tokenizer-folder.ts";
import { lastCheckpoint } from "../run/checkpoint.ts";
import { createRun } from "../run/run-folder.ts";
import { trainRun } from "./train.ts";

let folder: string;
let base: RunConfig;

beforeAll(async () => {
  await useCpu();
  folder = await mkdtemp(join(tmpdir(), "nuwa-tokenizer-"));
  base = await loadConfig("test");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const silent: Console = {
  line() {},
  error() {},
  progress: () => ({ begin() {}, setTotal() {}, finish() {}, update() {} }),
};

/** The test config without its transformer, with a tokenizer of its own. */
function configOf(name: string, { train, ...tokenizer }: { train?: object; model: object; input?: string }) {
  const { transformer: _, ...rest } = base;
  return checkConfig(
    { ...rest, name, tokenizer: { ...tokenizer, train: { ...base.tokenizer.train, ...train } } },
    name,
  );
}

async function train(config: RunConfig, stage: "tokenizer" | "both" = "tokenizer") {
  const run = await createRun(join(folder, config.name), config);
  const trained = await trainRun(run, stage, { console: silent, signal: new AbortController().signal });
  trained.dispose();
  return run;
}

test.each(["sketch", "segmentation"] as const)("a tokenizer of %s maps, trained alone", (input) =>
  expectNoLeak(async () => {
    const run = await train(configOf(input, { model: base.tokenizer.model, input }));
    const { model, training, ...saved } = await loadTokenizer(run.tokenizer);
    expect(saved).toMatchObject({ name: input, input });
    expect(training?.steps).toBe(12);
    // Line and background; background and the groups of apple, banana, frog and star.
    expect(model.config).toMatchObject({ kind: "vq-gan-seg", classes: input === "sketch" ? 2 : 4 });
    model.dispose();
    const checkpoint = await lastCheckpoint(run.checkpoints, "tokenizer");
    const { values } = checkpoint!.state.history.at(-1)!;
    expect(values["validation.pixelAccuracy"]).toBeGreaterThan(0);
    expect(values["validation.frequencyWeightedIoU"]).toBeGreaterThan(0);
    expect(await readdir(run.samples)).toHaveLength(2);
    const page = await readFile(join(run.gallery, "index.html"), "utf8");
    expect(page).toContain("A VQ-GAN-Seg of");
    expect(page.match(/<img src="data:image\/png/g)).toHaveLength(8 * 3); // picture, reconstruction, error
    expect(page).toContain("frequency-weighted IoU");
  }),
);

test("a VQ-GAN whose losses a config names", () =>
  expectNoLeak(async () => {
    const adversarial = {
      startShare: 0.3,
      leadShare: 0,
      riseShare: 0.1,
      discriminator: { width: 8, layers: 1 },
    };
    const model = { ...base.tokenizer.model, kind: "vq-gan" };
    const run = await train(configOf("gan", { model, train: { losses: { adversarial } } }));
    const checkpoint = await lastCheckpoint(run.checkpoints, "tokenizer");
    const named = new Set(checkpoint!.state.history.flatMap(({ values }) => Object.keys(values)));
    for (const name of ["discriminator", "adversarial", "adversarialWeight", "validation.ssim"]) {
      expect(named).toContain(name);
    }
    expect(Object.keys(checkpoint!.tensors)).toContain("trainer.adversary.model.stem.weight");
    const loaded = await loadTokenizer(run.tokenizer);
    expect(loaded.model.config.kind).toBe("vq-gan");
    loaded.model.dispose();
  }));

test("what does not fit together is named", async () => {
  const model = base.tokenizer.model;
  await expect(train(configOf("alone", { model }), "both")).rejects.toThrow(
    'The config "alone" has no section "transformer"',
  );
  const whole = checkConfig({ ...base, name: "maps", tokenizer: { ...base.tokenizer, input: "sketch" } }, "");
  await expect(train(whole)).rejects.toThrow('must read pixels, got the input "sketch"');
  const losses = { adversarial: {} };
  await expect(train(configOf("plain", { model, train: { losses } }))).rejects.toThrow(
    /tokenizer\.train.*adversarial belong to the kind "vq-gan", the model is a "vq-vae"/s,
  );
  await expect(train(configOf("pixels", { model: { ...model, kind: "vq-gan-seg" } }))).rejects.toThrow(
    /tokenizer\.model.*classes/s,
  );
});
