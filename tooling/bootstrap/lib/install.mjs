import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inRoot, pinnedPackageManager, root } from "./root.mjs";
import { say } from "./say.mjs";
import { runStep, StepError } from "./step.mjs";

/** What the last installation left: its fingerprint, and where the pinned pnpm lies. */
const record = () => inRoot("node_modules", ".nuwa-bootstrap.json");

/**
 * Installs the workspace's dependencies with the pinned pnpm, unless they are there already.
 * Once installed nothing here needs a network.
 *
 * @returns the folder with the `pnpm` command, for the PATH of later steps
 */
export async function install() {
  const wanted = fingerprint(root);
  const packageManager = pinnedPackageManager();
  const last = readRecord();
  const pnpmIsHere = last?.packageManager === packageManager && existsSync(last.folder);
  if (pnpmIsHere && last.fingerprint === wanted) {
    say("Dependencies: installed already.");
    return last.folder;
  }
  say("Installing the dependencies (some 300 MB the first time: one to five minutes).");
  const folder = pnpmIsHere ? last.folder : await fetchPackageManager(packageManager);
  const args = [
    "install",
    "--frozen-lockfile",
    "--config.confirmModulesPurge=false",
    "--reporter=append-only",
  ];
  await runStep("the installation of the dependencies", "pnpm", args, {
    folder,
    shell: process.platform === "win32",
  });
  writeFileSync(record(), JSON.stringify({ fingerprint: wanted, packageManager, folder }));
  return folder;
}

/** Changes whenever the dependencies of any package of the workspace may have changed. */
export function fingerprint(folder) {
  const hash = createHash("sha256");
  for (const file of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...packageFiles(folder)]) {
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(folder, file)))
      .update("\0");
  }
  return hash.digest("hex");
}

function packageFiles(folder) {
  return ["packages", "apps", "tooling"].flatMap((group) =>
    (existsSync(join(folder, group)) ? readdirSync(join(folder, group)).sort() : [])
      .map((name) => join(group, name, "package.json"))
      .filter((file) => existsSync(join(folder, file))),
  );
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(record(), "utf8"));
  } catch {
    return undefined;
  }
}

/** Has npx fetch pnpm and asks it where it put the command. */
async function fetchPackageManager(packageManager) {
  const script = inRoot("tooling", "bootstrap", "lib", "print-pnpm-folder.mjs");
  const npx = npmCommand();
  const { output } = await runStep(
    `fetching ${packageManager} with npx (it needs a network)`,
    npx.command,
    [...npx.args, "--yes", `--package=${packageManager}`, "--", "node", script],
    { capture: true },
  );
  const folder = output.trim().split(/\r?\n/).pop();
  if (!folder || !existsSync(folder))
    throw new StepError(`npx fetched ${packageManager} but no pnpm command came of it.`);
  return folder;
}

/** `npm exec` through the npm that started us, which needs no shell; else npx from the PATH. */
function npmCommand() {
  const npm = process.env.npm_execpath;
  if (npm?.endsWith("npm-cli.js")) return { command: process.execPath, args: [npm, "exec"] };
  return { command: "npx", args: [] };
}
