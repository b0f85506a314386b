import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { registerNode } from "./index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let program: string;

// The package's sources as one file that plain Node runs, inside the package so that it finds its dependencies.
beforeAll(async () => {
  await registerNode(); // libtensorflow is here from now on
  folder = await mkdtemp(join(root, "node_modules", ".exit-test-"));
  program = join(folder, "program.mjs");
  await build({
    stdin: {
      contents: `
        import { registerNode } from "./src/node/index.ts";
        import * as tf from "@tensorflow/tfjs-core";
        const how = process.argv[2];
        await registerNode({ fetch: false, threads: how === "storm" ? 1 : undefined });
        const kept = tf.ones([300, 300]);
        for (let index = 0; index < 20; index++) tf.tidy(() => { tf.add(tf.matMul(kept, kept), 1).dataSync(); });
        if (how === "exit") process.exit(3);
        if (how === "throw") throw new Error("on purpose");
        if (how === "dawn") await (await import("webgpu")).create([]).requestAdapter();
        if (how === "signal") process.kill(process.pid, "SIGTERM");
        if (how === "storm") {
          const { spawn } = await import("node:child_process");
          let seen = 0;
          process.on("SIGWINCH", () => seen++);
          const storm = spawn("sh", ["-c", "while kill -s WINCH " + process.pid + "; do :; done"]);
          const [x, weights] = [tf.ones([2048, 128]), tf.ones([128, 128])];
          for (const until = Date.now() + 1500; Date.now() < until; await new Promise(setImmediate)) {
            for (let index = 0; index < 20; index++) tf.matMul(x, weights).dispose();
          }
          storm.kill(); // a child has no signals blocked: it ends
          await new Promise((resolve) => storm.on("exit", resolve));
          process.exit(seen > 100 ? 0 : 4);
        }
      `,
      resolveDir: root,
    },
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@nuwa/source"],
    external: ["@tensorflow/*", "koffi", "fflate", "webgpu"],
    outfile: program,
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ["nothing", { code: 0, signal: null, stderr: "" }],
  ["exit", { code: 3, signal: null, stderr: "" }],
  ["throw", { code: 1, signal: null, stderr: expect.stringContaining("on purpose") }],
  ["dawn", { code: 0, signal: null, stderr: expect.any(String) }], // a second native library, with messages of its own
  ["storm", { code: 0, signal: null, stderr: "" }], // of signals, none of which may interrupt a product
  ["signal", { code: null, signal: "SIGTERM", stderr: "" }],
])("a program that ends by %s ends cleanly and quietly", async (how, wanted) => {
  const run = promisify(execFile)(process.execPath, [program, how]);
  const ended = await run.then(
    ({ stderr }) => ({ code: 0, signal: null, stderr }),
    ({ code, signal, stderr }) => ({ code, signal, stderr }),
  );
  expect(ended).toEqual(wanted);
});
