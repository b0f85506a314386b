// Packs every public package, installs the archives in an empty project with npm, and imports each entry there:
// what a user gets must work without this workspace. Also runs publint on each.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install } from "./lib/install.mjs";
import { inRoot } from "./lib/root.mjs";
import { say } from "./lib/say.mjs";
import { runStep, StepError } from "./lib/step.mjs";

try {
  const pnpmFolder = await install();
  const project = mkdtempSync(join(tmpdir(), "nuwa packages "));
  try {
    await checkIn(project, pnpmFolder);
  } finally {
    rmSync(project, { recursive: true, force: true });
  }
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}

async function checkIn(project, pnpmFolder) {
  const packages = publicPackages();
  const dependencies = { "@tensorflow/tfjs-core": installedVersion("@tensorflow/tfjs-core") };
  for (const { folder, manifest } of packages) {
    const publint = inRoot("node_modules", "publint", "src", "cli.js");
    await runStep(`publint of ${manifest.name}`, process.execPath, [publint, "run", folder, "--strict"], {
      folder: pnpmFolder,
      quiet: true,
    });
    const archive = join(project, `${manifest.name.replace(/^@/, "").replace("/", "-")}.tgz`);
    await runStep(`packing ${manifest.name}`, "pnpm", ["--dir", folder, "pack", "--out", archive], {
      folder: pnpmFolder,
      quiet: true,
    });
    dependencies[manifest.name] = `file:${archive}`;
  }
  writeFileSync(
    join(project, "package.json"),
    JSON.stringify({ private: true, type: "module", dependencies }),
  );
  await runStep(
    "installing the packed packages",
    "npm",
    ["install", "--ignore-scripts", "--prefer-offline"],
    {
      cwd: project,
      quiet: true,
    },
  );
  const entries = packages.flatMap(({ manifest }) => entriesOf(manifest));
  const program = `for (const entry of ${JSON.stringify(entries)}) {
    const names = Object.keys(await import(entry));
    if (names.length === 0) throw new Error(entry + " exports nothing");
    console.log("  " + entry + ": " + names.length + " exports");
  }`;
  writeFileSync(join(project, "import-all.mjs"), program);
  await runStep("importing the packed packages", process.execPath, ["import-all.mjs"], { cwd: project });
  for (const { manifest } of packages) {
    for (const [command, file] of Object.entries(manifest.bin ?? {})) {
      const path = join(project, "node_modules", manifest.name, file);
      await runStep(`${command} --help`, process.execPath, [path, "--help"], { cwd: project, quiet: true });
    }
  }
  say(`${packages.length} packages pack, install and import.`);
}

function publicPackages() {
  return ["packages", "apps"].flatMap((group) =>
    readdirSync(inRoot(group))
      .map((name) => inRoot(group, name))
      .map((folder) => ({ folder, manifest: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) }))
      .filter(({ manifest }) => !manifest.private),
  );
}

/** What a user may import: each subpath of `exports` but the manifest itself and files that are no code. */
function entriesOf({ name, exports = {} }) {
  return Object.keys(exports)
    .filter((subpath) => !/\.[a-z]+$/.test(subpath))
    .map((subpath) => name + subpath.slice(1));
}

function installedVersion(name) {
  const manifest = inRoot("packages", "tensor3d", "node_modules", name, "package.json");
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
