// Bundles tfjs-core's gradient functions into src/generated/tfjs-gradients.ts.
//
// tfjs-core registers no gradients when Node imports it, and its files of gradients cannot be imported as
// native modules. What they import is redirected to tfjs-core's public exports, so that there is one engine
// and no second copy of an op; only the few gradient ops that tfjs-core does not export come along.
import { readFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const require = createRequire(import.meta.url);
const manifest = require.resolve("@tensorflow/tfjs-core/package.json");
const { version } = JSON.parse(readFileSync(manifest, "utf8"));
const dist = path.join(path.dirname(manifest), "dist");
const core = require("@tensorflow/tfjs-core");
const target = fileURLToPath(new URL("../src/generated/tfjs-gradients.ts", import.meta.url));

const notice = `// @ts-nocheck
/**
 * Gradient functions of @tensorflow/tfjs-core ${version}, bundled by scripts/bundle-gradients.mjs.
 * Changed: imports point at the public exports of @tensorflow/tfjs-core.
 *
 * @license
 * Copyright 2019-2024 Google LLC. All Rights Reserved.
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
 */`;

/** Files that tfjs-core does not export and that hold no state: they are bundled. */
const isBundled = (file) =>
  /\/gradients\/|\/ops\/\w+_(grad|backprop\w*)\.js$|\/ops\/selu_util\.js$/.test(file);

/** The source of a function `name` of the internal file `file`, by tfjs-core's public exports. */
function publicFunction(name, file) {
  if (name === "convertToTensor") {
    return `export function convertToTensor(x) { return x instanceof tf.Tensor ? x : tf.tensor(x); }`;
  }
  const holder = ["backend_util", "util", "tensor_util", "slice_util"].find((key) => name in core[key]);
  if (!holder) throw new Error(`tfjs-core ${version} exports no ${name}, which ${file} imports from.`);
  return `export function ${name}(...inputs) { return tf.${holder}.${name}(...inputs); }`;
}

/** Every name that the bundled files import from the internal file at `resolved`, directly or by a namespace. */
async function importedNames(importer, specifier) {
  const source = await readFile(importer, "utf8");
  const names = new Set();
  const pattern = /import\s+(?:\{([^}]*)\}|\*\s+as\s+(\w+))\s+from\s+'([^']+)'/g;
  for (const [, list, namespace, from] of source.matchAll(pattern)) {
    if (from !== specifier) continue;
    for (const name of list?.split(",") ?? []) if (name.trim()) names.add(name.trim());
    if (namespace) {
      for (const [, name] of source.matchAll(new RegExp(`\\b${namespace}\\.(\\w+)`, "g"))) names.add(name);
    }
  }
  return [...names];
}

const publicExports = {
  name: "public-exports",
  setup(builder) {
    builder.onResolve({ filter: /^\.\.?\// }, async ({ path: specifier, importer, resolveDir }) => {
      const file = `${path.join(resolveDir, specifier).replace(/\.js$/, "")}.js`;
      if (isBundled(file)) return { path: file };
      const names = await importedNames(importer, specifier);
      if (names.length > 0 && names.every((name) => name in core)) return external;
      return { path: `${file}?${names.join(",")}`, namespace: "public" };
    });
    builder.onLoad({ filter: /.*/, namespace: "public" }, ({ path: request }) => {
      const [file, names] = request.split("?");
      const lines = names.split(",").map((name) => {
        if (name === "ENGINE") return "export const ENGINE = /* @__PURE__ */ tf.engine();";
        if (name in core) return `export const ${name} = tf.${name};`;
        return publicFunction(name, file);
      });
      return {
        contents: `import * as tf from "@tensorflow/tfjs-core";\n${lines.join("\n")}`,
        resolveDir: dist,
      };
    });
  },
};
const external = { path: "@tensorflow/tfjs-core", external: true };

const registration = await readFile(path.join(dist, "register_all_gradients.js"), "utf8");
const entries = [...registration.matchAll(/import \{ (\w+) \} from '(\.\/gradients\/\w+)';/g)];
const lines = entries.map(([, name, from]) => `import { ${name} } from "${from}.js";`);
lines.push(`export const tfjsGradients = [${entries.map(([, name]) => name).join(", ")}];`);

const result = await build({
  stdin: { contents: lines.join("\n"), resolveDir: dist, sourcefile: path.join(dist, "gradients", "all.js") },
  bundle: true,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  legalComments: "none",
  external: ["@tensorflow/tfjs-core"],
  plugins: [publicExports],
  write: false,
  logLevel: "warning",
});
await mkdir(path.dirname(target), { recursive: true });
// biome and knip skip the folder; tsc copies the file to dist like any other source.
await writeFile(target, `${notice}\n${result.outputFiles[0].text}`);
console.log(`${path.relative(process.cwd(), target)}: ${entries.length} gradients of tfjs-core ${version}`);
