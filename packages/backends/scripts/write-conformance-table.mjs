// Runs the conformance suite on every backend that this machine has and writes the results into
// docs/backends.md, between its two markers:
//
//     node packages/backends/scripts/write-conformance-table.mjs
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const page = join(root, "docs/backends.md");
const markers = ["<!-- conformance: begin -->", "<!-- conformance: end -->"];
const columns = ["cpu", "wasm", "node", "webgpu", "wasm in Chromium", "webgpu in Chromium"];
const gradient = ", gradient";

const results = await runSuite();
const present = columns.filter((name) => results.has(name));
const text = await readFile(page, "utf8");
const [begin, end] = markers.map((marker) => text.indexOf(marker));
if (begin < 0 || end < begin)
  throw new Error(`docs/backends.md: wanted the markers ${markers.join(" and ")}.`);
const tables = `${markers[0]}\n\n${summary()}\n\n${table()}\n\n`;
await writeFile(page, text.slice(0, begin) + tables + text.slice(end));

/** The rows of each backend by case, as the tests left them in a folder. */
async function runSuite() {
  const folder = await mkdtemp(join(tmpdir(), "nuwa-conformance-"));
  const env = { ...process.env, NUWA_CONFORMANCE_RESULTS: folder };
  const args = ["vitest", "run", "packages/backends/src/conformance"];
  const { status } = spawnSync("npx", args, { cwd: root, env, stdio: "inherit" });
  if (status !== 0) console.warn("Some rows failed: they are marked in the table.");
  const read = async (name) => JSON.parse(await readFile(join(folder, name), "utf8"));
  const files = (await readdir(folder)).filter((name) => name.endsWith(".json"));
  const entries = await Promise.all(
    files.map(async (name) => {
      const rows = await read(name);
      return [name.slice(0, -".json".length), new Map(rows.map((row) => [row.case, row]))];
    }),
  );
  await rm(folder, { recursive: true });
  return new Map(entries);
}

function summary() {
  const lines = present.map((name) => {
    const rows = [...results.get(name).values()];
    const right = rows.filter(({ ok }) => ok);
    const worst = right.reduce((most, row) => (row.maxError > most.maxError ? row : most));
    const cells = [name, rows.length, right.length, `${short(worst.maxError)} (${worst.case})`];
    return `| ${cells.join(" | ")} |`;
  });
  return ["| backend | rows | right | largest error of the right ones |", "|---|---|---|---|", ...lines].join(
    "\n",
  );
}

function table() {
  const names = [...results.get(present[0]).keys()].filter((name) => !name.endsWith(gradient));
  const lines = names.map((name) => {
    const cells = present.map((backend) => {
      const rows = results.get(backend);
      const both = [rows.get(name), rows.get(name + gradient)].filter((row) => row !== undefined);
      return both.map(cell).join(" / ");
    });
    return `| ${[name, ...cells].join(" | ")} |`;
  });
  return [`| case | ${present.join(" | ")} |`, `|${"---|".repeat(present.length + 1)}`, ...lines].join("\n");
}

function cell({ maxError, ok }) {
  return ok ? short(maxError) : "**wrong**";
}

function short(error) {
  return error === 0 ? "0" : error.toExponential(0).replace("e-", "e−");
}
