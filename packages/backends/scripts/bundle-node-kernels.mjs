// Bundles the JavaScript kernels of @tensorflow/tfjs-node-gpu (the same files as tfjs-node's) into
// src/generated/node-kernels.js and dist/generated: pure functions over a backend object, with
// tfjs-core as their only import. The package itself stays a development dependency, because its
// install script would download an old CUDA build.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const peer = dirname(
  createRequire(join(root, "package.json")).resolve("@tensorflow/tfjs-node-gpu/package.json"),
);
const { version } = JSON.parse(await readFile(join(peer, "package.json"), "utf8"));

const notice = `/*!
 * The kernels of @tensorflow/tfjs-node-gpu ${version}, bundled by scripts/bundle-node-kernels.mjs.
 *
 * Copyright 2018-2023 Google LLC. All Rights Reserved.
 * Licensed under the Apache License, Version 2.0 (the "License");
 * you may not use this file except in compliance with the License.
 * You may obtain a copy of the License at
 *
 * http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS,
 * WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
 * See the License for the specific language governing permissions and
 * limitations under the License.
 *
 * Changed: imports of @tensorflow/tfjs go to @tensorflow/tfjs-core, the kernels are exported instead
 * of registered, the backend class is replaced by Nuwa's, and int32 inputs that are known beforehand
 * are kept.
 */`;

// The registered kernels, in the order of register_all_kernels.js.
const registry = await readFile(join(peer, "dist/register_all_kernels.js"), "utf8");
const files = [...registry.matchAll(/var (\w+) = require\("\.\/kernels\/(\w+)"\)/g)];
const configs = [...registry.matchAll(/^ {4}(\w+)\.(\w+Config),?$/gm)];
if (files.length === 0 || configs.length === 0) {
  throw new Error(`bundle-node-kernels: no kernels found in tfjs-node-gpu ${version}.`);
}
const entry = [
  ...files.map(
    ([, name, file]) =>
      `import * as ${name} from ${JSON.stringify(join(peer, "dist/kernels", `${file}.js`))};`,
  ),
  `export const kernelConfigs = [${configs.map(([, name, config]) => `${name}.${config}`).join(", ")}];`,
].join("\n");

/** @type {import("esbuild").Plugin} */
const replacements = {
  name: "replacements",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(@tensorflow\/tfjs|util)$/ }, ({ path }) => ({ path, namespace: "replaced" }));
    onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, ({ path, kind }) =>
      kind === "require-call"
        ? { path: "@tensorflow/tfjs", namespace: "replaced" }
        : { path, external: true },
    );
    onResolve({ filter: /\/nodejs_kernel_backend$/ }, () => ({
      path: join(root, "src/node/op-attributes.ts"),
    }));
    onLoad({ filter: /tfjs$/, namespace: "replaced" }, () => ({
      contents:
        'export * from "@tensorflow/tfjs-core"; export { scalar, tensor1d, tensor2d } from "./src/node/constant-input.ts";',
      resolveDir: root,
    }));
    // Gone from Node 23 on.
    onLoad({ filter: /^util$/, namespace: "replaced" }, () => ({
      contents:
        "export const isNullOrUndefined = (value) => value == null; export const isArray = Array.isArray;",
    }));
  },
};

const result = await build({
  stdin: { contents: entry, resolveDir: root, loader: "js" },
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  target: "node20",
  plugins: [replacements],
  legalComments: "none",
  banner: { js: notice },
  logLevel: "warning",
});

const declarations = `import type { KernelConfig } from "@tensorflow/tfjs-core";
/** The kernels of tfjs-node, not registered yet. */
export declare const kernelConfigs: readonly KernelConfig[];
`;
for (const folder of ["src/generated", "dist/generated"]) {
  await mkdir(join(root, folder), { recursive: true });
  await writeFile(join(root, folder, "node-kernels.js"), result.outputFiles[0].text);
  await writeFile(join(root, folder, "node-kernels.d.ts"), declarations);
}
console.log(
  `node-kernels: ${configs.length} kernels, ${Math.round(result.outputFiles[0].text.length / 1024)} kB`,
);
