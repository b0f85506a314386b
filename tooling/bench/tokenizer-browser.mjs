// Pictures to codes and back in Chromium: on a page as it is by default, and in a worker of an isolated one.
import { availableParallelism, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { runnerImport } from "vite";
import { milliseconds, summarize } from "./lib/summary.mjs";
import { tokenizerSizes } from "./lib/tokenizer-sizes.mjs";

const { values: options } = parseArgs({
  options: {
    size: { type: "string", multiple: true, default: ["narrow", "half", "imagenet"] },
    backend: { type: "string", default: "wasm" },
    calls: { type: "string", default: "5" },
  },
});
const { backend, size } = options;
const calls = Number(options.calls);
if (backend !== "wasm" && backend !== "webgpu") {
  throw new Error(`--backend: wanted wasm or webgpu, got ${backend}.`);
}
for (const name of size) {
  if (name in tokenizerSizes) continue;
  throw new Error(`--size: wanted ${Object.keys(tokenizerSizes).join(", ")}, got ${name}.`);
}

// In TypeScript, which Node cannot import by itself.
const testing = fileURLToPath(import.meta.resolve("@nuwa/testing/chromium"));
const { findChromium, openPage } = (await runnerImport(testing)).module;
const executablePath = findChromium();
if (executablePath === undefined) throw new Error("No Chromium: install it, or name it in CHROMIUM_PATH.");
const entry = fileURLToPath(new URL("pages/tokenizer/main.mjs", import.meta.url));
/* global measureHere, measureInWorker */
const places = {
  "a page": { isolated: false, run: (request) => measureHere(request) },
  "a worker of an isolated page": { isolated: true, run: (request) => measureInWorker(request) },
};

const [load] = loadavg();
if (load > availableParallelism() / 2) {
  console.log(`The machine is busy (load ${load.toFixed(1)}): only the smallest times say something.`);
}
for (const [place, { isolated, run }] of Object.entries(places)) {
  const opened = await openPage({ entry, executablePath, isolated });
  try {
    for (const name of size) {
      const { config } = tokenizerSizes[name];
      const result = await opened.page.evaluate(run, { backend, config, calls });
      const parameters = `${(result.parameters / 1e6).toFixed(1)}M parameters`;
      console.log(`\n${name}, ${parameters}, in ${place}: ${result.detail}`);
      for (const which of ["encode", "decode"]) {
        console.log(`  ${which}: ${milliseconds(summarize(result[which]))} (min / median / max)`);
      }
    }
  } finally {
    await opened.close();
  }
}
