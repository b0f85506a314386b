// Compiles the kernels of assembly/ with AssemblyScript and writes the bytes of each to src/generated/<name>-bytes.ts.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const kernels = { "group-norm": "groupNormBytes", "layer-norm": "layerNormBytes" };
const options = [
  ...["--importMemory", "--initialMemory", "1", "--memoryBase", "1024"],
  ...["--enable", "simd", "--enable", "bulk-memory"],
  ...["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
];

const folder = await mkdtemp(path.join(tmpdir(), "kernels-"));
try {
  for (const [name, constant] of Object.entries(kernels)) await build(name, constant);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function build(name, constant) {
  const entry = fileURLToPath(new URL(`../assembly/${name}.ts`, import.meta.url));
  const target = fileURLToPath(new URL(`../src/generated/${name}-bytes.ts`, import.meta.url));
  const file = path.join(folder, `${name}.wasm`);
  const { error, stderr } = await asc.main([entry, "-o", file, ...options], {});
  if (error) throw new Error(`${entry} does not compile: ${error.message}\n${stderr.toString()}`);
  const bytes = (await readFile(file)).toString("base64");
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(
    target,
    `// Made by scripts/build-kernels.mjs from assembly/.
/** WebAssembly in base64. */
export const ${constant} = "${bytes}";
`,
  );
}
