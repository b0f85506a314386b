import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { nearWords } from "@nuwa/tasks";
import { NuwaError } from "@nuwa/tensor3d";
import { fileError } from "@nuwa/tensor3d/node";
import { parseDocument } from "yaml";
import { explainIssues } from "./explain.ts";
import { type RunConfig, runSchema } from "./schema.ts";

const bundled = fileURLToPath(new URL("../../configs/", import.meta.url));

/**
 * Reads a config: the path of a YAML file, or the name of one that comes with the command (`tiny`).
 *
 * @throws NuwaError `FILE` when it cannot be read, `CONFIG` naming each wrong, missing and unknown field
 */
export async function loadConfig(nameOrPath: string): Promise<RunConfig> {
  const path = await findConfig(nameOrPath);
  const text = await readFile(path, "utf8").catch((error) => {
    throw fileError("read the config", path, error);
  });
  return parseConfig(text, path);
}

/** Parses and checks the text of a config; `where` names it in errors. */
export function parseConfig(text: string, where: string): RunConfig {
  const document = parseDocument(text);
  if (document.errors.length > 0) {
    throw new NuwaError("CONFIG", `${where} is not sound YAML: ${document.errors[0].message}`);
  }
  return checkConfig(document.toJS() as unknown, where);
}

export function checkConfig(content: unknown, where: string): RunConfig {
  const result = runSchema.safeParse(content);
  if (result.success) return result.data;
  const faults = explainIssues(runSchema, result.error.issues, content).map((fault) => `\n  ${fault}`);
  throw new NuwaError(
    "CONFIG",
    `${where} has ${faults.length === 1 ? "a fault" : "faults"}:${faults.join("")}`,
  );
}

async function findConfig(nameOrPath: string): Promise<string> {
  if (/[/\\.]/.test(nameOrPath)) return nameOrPath;
  const names = (await readdir(bundled))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml"));
  if (names.includes(nameOrPath)) return join(bundled, `${nameOrPath}.yaml`);
  const near = nearWords(nameOrPath, names);
  throw new NuwaError("CONFIG", `There is no config named "${nameOrPath}"; there are ${names.join(", ")}.`, {
    hint: near.length > 0 ? `Did you mean "${near[0]}"?` : "Or give the path of a YAML file.",
  });
}
