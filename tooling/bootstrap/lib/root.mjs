import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace's folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "..");

/** A path inside the workspace. */
export const inRoot = (...parts) => join(root, ...parts);

/** The package manager that the workspace pins, as `pnpm@1.2.3`. */
export function pinnedPackageManager() {
  return JSON.parse(readFileSync(inRoot("package.json"), "utf8")).packageManager;
}
