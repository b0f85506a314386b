// Compiles assembly/group-norm.ts with AssemblyScript and writes the bytes to src/generated/group-norm-bytes.ts.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const entry = fileURLToPath(new URL("../assembly/group-norm.ts", import.meta.url));
const target = fileURLToPath(new URL("../src/generated/group-norm-bytes.ts", import.meta.url));
const options = [
  ...["--importMemory", "--initialMemory", "1", "--memoryBase", "1024"],
  ...["--enable", "simd", "--enable", "bulk-memory"],
  ...["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
];

const folder = await mkdtemp(path.join(tmpdir(), "group-norm-"));
try {
  const file = path.join(folder, "group-norm.wasm");
  const { error, stderr } = await asc.main([entry, "-o", file, ...options], {});
  if (error) throw new Error(`The kernel does not compile: ${error.message}\n${stderr.toString()}`);
  const bytes = (await readFile(file)).toString("base64");
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(
    target,
    `// Made by scripts/build-group-norm.mjs from assembly/.
/** WebAssembly in base64. */
export const groupNormBytes = "${bytes}";
`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
