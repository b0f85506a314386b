import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expectNoLeak, useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { readSafetensors, writeSafetensors } from "./safetensors-file.ts";

let folder: string;
let target: string;
const tensors = { x: { shape: [3], data: new Float32Array([1, 2, 3]) } };

beforeAll(useCpu);
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "nuwa-"));
  target = path.join(folder, "model.safetensors");
});
afterEach(() => rm(folder, { recursive: true }));

test("what was written is read, and only the file is there", async () => {
  await writeSafetensors(target, tensors, { step: "1" });
  await writeSafetensors(target, tensors, { step: "2" }, { dtype: "F16" });
  const { tensors: read, metadata } = await readSafetensors(target);
  expect(metadata).toEqual({ step: "2" });
  expect(read.x).toEqual({ dtype: "F16", shape: [3], data: new Float32Array([1, 2, 3]) });
  expect(await readdir(folder)).toEqual(["model.safetensors"]);
});

test("a damaged or missing file is named", async () => {
  await expect(readSafetensors(target)).rejects.toThrow(`Could not read ${target}: there is no such file`);
  await writeFile(target, "no");
  await expect(readSafetensors(target)).rejects.toMatchObject({ name: "NuwaError", code: "FILE" });
  await expect(readSafetensors(target)).rejects.toThrow(`${target}: safetensors: wanted 8 bytes`);
  await expect(readSafetensors(folder)).rejects.toThrow(`Could not read ${folder}: it is a folder`);
});

test("tensors are written with the values of the moment, and no copy is left, also when writing fails", () =>
  expectNoLeak(async () => {
    const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
    const written = writeSafetensors(target, { variable });
    tf.tidy(() => variable.assign(tf.tensor1d([3, 4])));
    await written;
    expect((await readSafetensors(target)).tensors.variable.data).toEqual(Float32Array.of(1, 2));
    await expect(writeSafetensors(path.join(target, "x"), { variable })).rejects.toThrow("not a folder");
    variable.dispose();
  }));
