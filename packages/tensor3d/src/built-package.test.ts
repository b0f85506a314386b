import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("..", import.meta.url));
const program = `
import * as tf from "@tensorflow/tfjs-core";
import { ensureGradients } from "@nuwa/tensor3d";
import { readSafetensors } from "@nuwa/tensor3d/node";
const before = tf.getGradient("Conv2D");
ensureGradients();
const kernels = ["Conv2D", "Einsum", "Greater"].filter((kernel) => tf.getGradient(kernel) !== undefined);
console.log(JSON.stringify({ before: typeof before, kernels, read: typeof readSafetensors }));
`;

// Without a build there is nothing to check; `npm test` builds first.
test.skipIf(!existsSync(`${folder}dist/index.js`))(
  "the build works as native modules in Node, on the program's own tfjs-core",
  async () => {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], {
      cwd: folder,
    });
    expect(JSON.parse(stdout)).toEqual({
      before: "undefined",
      kernels: ["Conv2D", "Einsum", "Greater"],
      read: "function",
    });
  },
);
