// Compiles assembly/ with AssemblyScript and writes src/generated/kernel.ts: the bytes, for shared memory and for
// memory of one thread, and the fields of the job that both sides read and write.
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const assembly = fileURLToPath(new URL("../assembly/", import.meta.url));
const target = fileURLToPath(new URL("../src/generated/kernel.ts", import.meta.url));

// 4 GiB at most; a memory takes only what was written to.
const memory = ["--importMemory", "--initialMemory", "1", "--maximumMemory", "65536", "--memoryBase", "1024"];
const features = ["--enable", "threads", "--enable", "simd", "--enable", "bulk-memory"];
const speed = ["-O3", "--noAssert", "--runtime", "stub", "--use", "abort="];

async function compile(folder, name, options) {
  const file = path.join(folder, `${name}.wasm`);
  const entry = path.join(assembly, "index.ts");
  const { error, stderr } = await asc.main(
    [entry, "-o", file, ...memory, ...features, ...speed, ...options],
    {},
  );
  if (error) throw new Error(`The kernel does not compile: ${error.message}\n${stderr.toString()}`);
  return (await readFile(file)).toString("base64");
}

/** Names of the 32-bit fields of `Job`, in order. */
async function jobFields() {
  const source = await readFile(path.join(assembly, "job.ts"), "utf8");
  const [, body] = /class Job \{\n(.*?)\n\}/s.exec(source);
  return [...body.matchAll(/^ {2}(\w+): [if]32;$/gm)].map(([, name]) => name);
}

const folder = await mkdtemp(path.join(tmpdir(), "kernel-"));
try {
  const single = await compile(folder, "single", []);
  const shared = await compile(folder, "shared", ["--sharedMemory"]);
  const fields = await jobFields();
  await mkdir(path.dirname(target), { recursive: true });
  await writeFile(
    target,
    `// Made by scripts/build-kernel.mjs from assembly/.
/** WebAssembly in base64: for memory of one thread, and for memory that threads share. */
export const kernelBytes = {
  single: "${single}",
  shared: "${shared}",
} as const;

/** The fields of a job, 32 bits each, from address 64. */
export const jobFields = ${JSON.stringify(fields)} as const;
`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}
