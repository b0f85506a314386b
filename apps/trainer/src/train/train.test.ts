import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { useCpu } from "@nuwa/testing";
import * as tf from "@tensorflow/tfjs-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { createConsole } from "../console/console.ts";
import { createRun } from "../run/run-folder.ts";
import { trainRun } from "./train.ts";

test("first light", async () => {
  await useCpu();
  const folder = await mkdtemp(join(tmpdir(), "nuwa-train-"));
  const run = await createRun(join(folder, "run"), await loadConfig("test"));
  const before = tf.memory().numTensors;
  const trained = await trainRun(run, "both", {
    console: createConsole(),
    signal: new AbortController().signal,
  });
  trained.dispose();
  console.log(await readdir(run.path, { recursive: true }), tf.memory().numTensors - before);
  console.log(JSON.stringify(trained.transformerPosition));
});
