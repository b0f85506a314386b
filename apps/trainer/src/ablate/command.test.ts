import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isNuwaError } from "@nuwa/tensor3d";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { main } from "../cli.ts";
import type { CommandContext } from "../command-context.ts";
import type { Console } from "../console/console.ts";
import { type AblateOptions, runAblation } from "./command.ts";
import { readEvaluations } from "./evaluation.ts";

let folder: string;
let file: string;
const lines: string[] = [];

const console: Console = {
  line: (text = "") => void lines.push(text),
  error: (text) => void lines.push(text),
  progress: () => ({ update() {}, begin() {}, setTotal() {}, finish() {} }),
};
const context: CommandContext = { console, signal: new AbortController().signal };

/** The runs that were begun, each inside this process. */
let begun: string[] = [];
async function here(args: readonly string[]): Promise<void> {
  begun.push(args[args.indexOf("--only") + 1]);
  expect(await main(args, { console })).toBe(0);
}

const options = (more: Partial<AblateOptions> = {}): AblateOptions => ({
  config: file,
  out: join(folder, "out"),
  jobs: 1,
  backend: "cpu",
  ...more,
});

async function errorOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (isNuwaError(error)) return error;
  throw error ?? new Error("expected an error");
}

/** Writes a config beside the first one, with some of its ablation's fields changed. */
async function changed(name: string, fields: object): Promise<string> {
  const config = parse(await readFile(file, "utf8"));
  const path = join(folder, name);
  await writeFile(path, stringify({ ...config, ablation: { ...config.ablation, ...fields } }));
  return path;
}

beforeAll(async () => {
  await useCpu();
  folder = await mkdtemp(join(tmpdir(), "nuwa-ablate-"));
  file = join(folder, "ablation.yaml");
  const base = await readFile(new URL("../../configs/test.yaml", import.meta.url), "utf8");
  await writeFile(
    file,
    `${base}
ablation:
  cpuSeconds: 0.2
  seeds: [1]
  evaluations: 2
  samples: { images: 4, videos: 2 }
  variants:
    axes: {}
    row: { shift: row }
`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("nuwa ablate", () => {
  test("trains one tokenizer, then every run, and writes table and chart", () =>
    expectNoLeak(async () => {
      begun = [];
      await runAblation(options(), context, here);
      const { out } = options();
      expect(begun).toEqual(["axes-1", "row-1"]);
      const runs = await readdir(join(out, "runs"));
      expect(runs.filter((name) => name.endsWith(".jsonl")).sort()).toEqual(["axes-1.jsonl", "row-1.jsonl"]);
      const evaluations = await readEvaluations(out, { name: "row-1" });
      expect(evaluations.map(({ variant, seed, share }) => [variant, seed, share])).toEqual([
        ["row", 1, 0.5],
        ["row", 1, 1],
      ]);
      const [, { nll, meanNll, cpuSeconds, steps, tokens }] = evaluations;
      expect(meanNll).toBeCloseTo((nll.textToImage + nll.videoPrediction + nll.textToVideo) / 3, 12);
      expect(cpuSeconds).toBeGreaterThanOrEqual(0.2);
      expect(tokens).toBeGreaterThanOrEqual(steps * 2 * 16);
      const table = (await readFile(join(out, "table.md"), "utf8")).split("\n");
      expect(table[2]).toMatch(/^\| axes \| \d/);
      expect(table[3]).toMatch(/^\| row \| \d.*\| [+−]\d/);
      expect(await readFile(join(out, "chart.svg"), "utf8")).toContain("<polyline");
      expect(lines).toContain(`Wrote ${join(out, "table.md")}`);
    }));

  test("keeps finished runs, and takes further variants and seeds", async () => {
    begun = [];
    await runAblation(options(), context, here);
    expect(begun).toEqual([]);
    const variants = { axes: {}, row: { shift: "row" }, full: { decoderPattern: "full" } };
    await runAblation(
      options({ config: await changed("more.yaml", { variants, seeds: [1, 2] }) }),
      context,
      here,
    );
    expect(begun).toEqual(["full-1", "axes-2", "row-2", "full-2"]);
    expect((await readFile(join(options().out, "table.md"), "utf8")).match(/± /g)!.length).toBeGreaterThan(9);
  });

  test("another config in the same folder is refused", async () => {
    const variants = { axes: {}, row: { shift: "raster" } };
    const other = await changed("other.yaml", { variants, cpuSeconds: 3 });
    const error = await errorOf(runAblation(options({ config: other }), context, here));
    expect(error.message).toContain("ablation, ablation.variants.row, ablation.variants.full differ");
    expect(error.hint).toContain("--out");
  });

  test("a given tokenizer is used, and one of other pictures refused", async () => {
    begun = [];
    const [out, tokenizer] = [join(folder, "given"), join(folder, "tokenizer")];
    await cp(join(options().out, "tokenizer"), tokenizer, { recursive: true });
    await runAblation(options({ out, tokenizer }), context, here);
    expect(begun).toEqual(["axes-1", "row-1"]);
    expect(await readdir(join(out, "checkpoints"))).toEqual([]);
    const weights = "image-tokenizer.safetensors";
    expect(await readFile(join(out, "tokenizer", weights))).toEqual(await readFile(join(tokenizer, weights)));

    const config = parse(await readFile(file, "utf8"));
    const larger = join(folder, "larger.yaml");
    await writeFile(larger, stringify({ ...config, data: { ...config.data, size: 32 } }));
    const wrong = options({ config: larger, out: join(folder, "wrong"), tokenizer });
    const error = await errorOf(runAblation(wrong, context, here));
    expect(error.message).toContain(
      "wanted a tokenizer of pixels in pictures of 32, as data.size says, got one of pixels",
    );
  });

  test("stopped, it says how to go on", async () => {
    const stop = new AbortController();
    const out = join(folder, "stopped");
    const tokenizer = join(folder, "tokenizer");
    const error = await errorOf(
      runAblation(options({ out, tokenizer, jobs: 2 }), { console, signal: stop.signal }, async () =>
        stop.abort(),
      ),
    );
    expect(error.code).toBe("INTERRUPTED");
    expect(error.message).toContain(`nuwa ablate --config ${file} --out ${out} --jobs 2`);
  });

  test("a wrong variant and a run that is not planned are named before anything is written", async () => {
    const out = join(folder, "never");
    const wrong = await changed("wrong.yaml", { variants: { odd: { shfit: "row" } } });
    const fault = await errorOf(runAblation(options({ config: wrong, out }), context, here));
    expect(fault.message).toMatch(/ablation\.variants\.odd: .*shfit/);
    const unplanned = await errorOf(runAblation(options({ out, only: "row-9" }), context, here));
    expect(unplanned.message).toBe("--only row-9: wanted one of axes-1, row-1.");
    expect(await readdir(folder)).not.toContain("never");
  });
});
