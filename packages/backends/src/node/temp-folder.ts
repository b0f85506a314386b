import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { onTermination } from "./termination.ts";

const PREFIX = ".fetch-";
/** Tries again where a child that is about to end still writes. */
const removal = { recursive: true, force: true, maxRetries: 5 } as const;
const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Makes a folder in `parent`, runs `body` in it and removes it, also when the body fails or the
 * process is made to end. What killed processes left there goes first.
 */
export async function withTempFolder<Result>(
  parent: string,
  body: (folder: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(parent, { recursive: true });
  await removeStale(parent);
  const folder = join(parent, `${PREFIX}${host()}-${process.pid}-${randomUUID()}`);
  const forget = onTermination(() => rmSync(folder, removal));
  try {
    mkdirSync(folder, { mode: 0o700 }); // at once, so that no signal comes between
    return await body(folder);
  } finally {
    await rm(folder, removal).finally(forget);
  }
}

/** Removes folders of this machine's dead processes, and of any machine's after a day. */
async function removeStale(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(parent, name);
    const own = name.startsWith(`${PREFIX}${host()}-`);
    const pid = Number(name.slice(`${PREFIX}${host()}-`.length).split("-")[0]);
    const dead = own && Number.isInteger(pid) && !isAlive(pid);
    const age = await stat(folder).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (dead || age > DAY_MS) await rm(folder, { recursive: true, force: true });
  }
}

function host(): string {
  return hostname().replace(/[^a-zA-Z0-9]/g, "_") || "host";
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
