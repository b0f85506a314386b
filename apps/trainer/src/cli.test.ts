import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { closedFolder } from "@nuwa/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT, main } from "./cli.ts";
import type { Console } from "./console/console.ts";

let folder: string;
let model: string;

/** Runs the command with its output caught. */
async function nuwa(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  const [out, errors]: string[][] = [[], []];
  const console: Console = {
    line: (text = "") => void out.push(text),
    error: (text) => void errors.push(text),
    progress: () => ({ update() {}, begin() {}, setTotal() {}, finish() {} }),
  };
  const code = await main(args, { console });
  return { code, out: out.join("\n"), errors: errors.join("\n") };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nuwa-cli-"));
  const run = join(folder, "run");
  const trained = await nuwa("train", "--config", "test", "--run", run, "--backend", "cpu");
  expect(trained).toMatchObject({ code: EXIT.ok, errors: "" });
  model = join(run, "model");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the command line", () => {
  test.each(["doctor", "data", "train", "generate", "evaluate", "ablate", "demo"])(
    "%s has help",
    async (command) => {
      const { code, out } = await nuwa(command, "--help");
      expect(code).toBe(EXIT.ok);
      expect(out).toContain(`Usage: nuwa ${command}`);
    },
  );

  test.each([
    [["nonsense"], "unknown command 'nonsense'"],
    [["generate"], "required option '--model <folder>' not specified"],
    [["train", "--backend", "abacus"], "Allowed choices are auto, node, webgpu, wasm, cpu"],
    [["train", "everything"], "Allowed choices are tokenizer, transformer, both"],
    [["generate", "--model", "m", "--out", "o.png", "--seed", "-1"], "Wanted a whole number of at least 0"],
    [["generate", "--model", "m", "--out", "o.png", "--top-p", "2"], "Wanted a number from 0.001 to 1"],
  ])("%j is a usage error", async (args, message) => {
    const { code, errors } = await nuwa(...args);
    expect(code).toBe(EXIT.usage);
    expect(errors).toContain(message);
  });

  test("shows where an error happened only with --debug", async () => {
    const args = ["train", "--resume", join(folder, "missing")];
    expect((await nuwa(...args)).errors).not.toContain("    at ");
    expect((await nuwa(...args, "--debug")).errors).toContain("    at ");
  });
});

describe("nuwa train", () => {
  test("does not overwrite a run, and says what to do", async () => {
    const run = join(folder, "run");
    const { code, errors } = await nuwa("train", "--config", "test", "--run", run, "--backend", "cpu");
    expect(code).toBe(EXIT.failed);
    expect(errors).toContain(`${run} holds a run already`);
    expect(errors).toContain("--resume");
  });

  test.each([
    [["--config", "tny"], 'There is no config named "tny"', 'Did you mean "tiny"?'],
    [["--config", "./missing.yaml"], "missing.yaml: there is no such file", "Check the path"],
    [["--resume", "./nowhere"], "There is no run in ./nowhere", "Give the folder"],
  ])("%j fails clearly", async (args, message, hint) => {
    const { code, errors } = await nuwa("train", ...args, "--backend", "cpu");
    expect(code).toBe(EXIT.failed);
    expect(errors).toContain(message);
    expect(errors).toContain(hint);
  });

  test("a run's folder that cannot be made", async () => {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    const { code, errors } = await nuwa(
      "train",
      "--config",
      "test",
      "--run",
      join(file, "run"),
      "--backend",
      "cpu",
    );
    expect(code).toBe(EXIT.failed);
    expect(errors).toContain("a part of the path is a file, not a folder");
  });
});

describe("nuwa generate", () => {
  const generate = (...args: string[]) => nuwa("generate", "--model", model, "--backend", "cpu", ...args);

  test("writes an image, the same for the same seed", async () => {
    const [first, again, other] = ["a.png", "b.png", "c.png"].map((name) => join(folder, name));
    const text = ["--text", "a frog on a red background"];
    expect(await generate(...text, "--out", first, "--seed", "3")).toMatchObject({
      code: EXIT.ok,
      errors: "",
    });
    await generate(...text, "--out", again, "--seed", "3");
    await generate(...text, "--out", other, "--seed", "4");
    expect(await sharp(first).metadata()).toMatchObject({ width: 16, height: 16, format: "png" });
    expect(await readFile(again)).toEqual(await readFile(first));
    expect(await readFile(other)).not.toEqual(await readFile(first));
  });

  test("writes several samples side by side, enlarged, drawn as asked", async () => {
    const out = join(folder, "samples.png");
    const sampler = ["--temperature", "0.7", "--top-k", "5", "--top-p", "0.9", "--guidance", "2"];
    const { code } = await generate(
      "--text",
      "an apple on a blue background",
      "--out",
      out,
      "--samples",
      "4",
      "--zoom",
      "2",
      ...sampler,
    );
    expect(code).toBe(EXIT.ok);
    expect(await sharp(out).metadata()).toMatchObject({ width: 68, height: 68 });
  });

  test.each([
    ["v.gif", { format: "gif", pages: 3, width: 16, pageHeight: 16 }],
    ["v.webp", { format: "webp", pages: 3, width: 16, pageHeight: 16 }],
    ["v.png", { format: "png", width: 52, height: 16 }],
  ])("writes the video %s", async (name, metadata) => {
    const out = join(folder, name);
    const text = "a star on a green background moving left";
    expect(await generate("--text", text, "--video", "--out", out)).toMatchObject({
      code: EXIT.ok,
      errors: "",
    });
    expect(await sharp(out, { animated: true }).metadata()).toMatchObject(metadata);
  });

  test("goes on after known frames", async () => {
    // Different frames: a WebP joins equal neighbours.
    const known = ["red", "blue"].map((background) => join(folder, `${background}.png`));
    for (const path of known) {
      const background = path.includes("red") ? "red" : "blue";
      await sharp({ create: { width: 32, height: 32, channels: 3, background } })
        .png()
        .toFile(path);
    }
    const out = join(folder, "predicted.webp");
    expect(await generate("--known-frames", ...known, "--out", out)).toMatchObject({
      code: EXIT.ok,
      errors: "",
    });
    expect((await sharp(out, { animated: true }).metadata()).pages).toBe(3);
    const { errors } = await generate("--known-frames", ...known, known[0], "--out", out);
    expect(errors).toContain("The known frames are 3; the model's videos have 3 in all.");
  });

  test.each([
    [["--text", ""], "The caption is empty", "Known words are"],
    [["--text", "a forg on a red background"], 'never saw: "forg"', 'perhaps "frog"'],
    [
      ["--text", "a frog on a red background on a red background"],
      "words; the model reads at most",
      "Shorten it",
    ],
    [[], "Nothing to go by", "--known-frames"],
  ])("refuses %j", async (args, message, hint) => {
    const out = join(folder, "refused.png");
    const { code, errors } = await generate(...args, "--out", out);
    expect(code).toBe(EXIT.failed);
    expect(errors).toContain(message);
    expect(errors).toContain(hint);
    expect(await readdir(folder)).not.toContain("refused.png");
  });

  test("refuses places that cannot be written, before the work", async () => {
    const text = ["--text", "a frog on a red background"];
    const missing = await generate(...text, "--out", join(folder, "no", "x.png"));
    expect(missing.errors).toContain(`There is no folder ${join(folder, "no")}`);
    const ending = await generate(...text, "--out", join(folder, "x.jpg"));
    expect(ending.errors).toContain("wanted .png, .webp for an image");
    expect([missing.code, ending.code]).toEqual([EXIT.failed, EXIT.failed]);
  });

  test("refuses a folder without permission", async () => {
    const closed = await closedFolder(folder);
    const { errors } = await generate("--text", "a frog on a red background", "--out", join(closed, "x.png"));
    expect(errors).toContain("permission denied");
  });

  test("names a model's file that is missing, cut or of another model", async () => {
    const out = join(folder, "x.png");
    const text = ["--text", "a frog on a red background"];
    const at = (path: string) => nuwa("generate", "--model", path, "--backend", "cpu", ...text, "--out", out);
    const none = await at(join(folder, "none"));
    expect(none.errors).toContain(`There is no ${join(folder, "none", "config.json")}`);

    const copy = join(folder, "copy");
    const broken = async (name: string, damage: (path: string) => Promise<void>): Promise<string> => {
      await cp(model, copy, { recursive: true });
      await damage(join(copy, name));
      const { code, errors } = await at(copy);
      expect(code).toBe(EXIT.failed);
      expect(errors).toContain(join(copy, name));
      return errors;
    };
    await broken("transformer.safetensors", (path) => truncate(path, 5000));
    await broken("image-tokenizer.safetensors", (path) => truncate(path, 4));
    const swap = async (path: string): Promise<void> => cp(join(model, "transformer.safetensors"), path);
    expect(await broken("image-tokenizer.safetensors", swap)).toMatch(/missing|unexpected/);
    expect(await broken("tokenizer.json", (path) => writeFile(path, "{"))).toContain("not sound JSON");
    expect(await broken("config.json", (path) => writeFile(path, "{}"))).toContain(
      'wanted format "nuwa-model"',
    );
  });
});

test("nuwa data writes contact sheets", async () => {
  const out = join(folder, "sheets");
  const { code, out: text } = await nuwa("data", "--config", "test", "--out", out);
  expect(code).toBe(EXIT.ok);
  expect(text).toContain("CC BY-SA 4.0");
  expect((await readdir(out)).filter((name) => name.endsWith(".png")).length).toBeGreaterThan(1);
});

test("nuwa evaluate prints the table and writes its figures", async () => {
  const out = join(folder, "figures.json");
  const counts = ["--images", "2", "--videos", "2", "--judge-steps", "1", "--judge-batch", "4"];
  const { code, out: text } = await nuwa(
    "evaluate",
    "--model",
    model,
    "--backend",
    "cpu",
    "--out",
    out,
    ...counts,
  );
  expect(code).toBe(EXIT.ok);
  expect(text).toContain("Text → image, held-out combinations");
  expect(JSON.parse(await readFile(out, "utf8")).captionTest.textToImage.train.count).toBe(2);
});
