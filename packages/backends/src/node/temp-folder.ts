import { rmSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

const PREFIX = ".fetch-";
const DAY_MS = 24 * 60 * 60 * 1000;
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Makes a folder in `parent`, runs `body` in it and removes it, also when the body fails or the
 * process is told to end. What killed processes left there goes first.
 */
export async function withTempFolder<Result>(
  parent: string,
  body: (folder: string) => Promise<Result>,
): Promise<Result> {
  await mkdir(parent, { recursive: true });
  await removeStale(parent);
  const folder = await mkdtemp(join(parent, `${PREFIX}${host()}-${process.pid}-`));
  const forget = onTermination(() => rmSync(folder, { recursive: true, force: true }));
  try {
    return await body(folder);
  } finally {
    forget();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
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

/** Runs `clean` when the process ends or is told to; the signal then has its usual effect. */
function onTermination(clean: () => void): () => void {
  const handlers = SIGNALS.map((signal) => {
    const handler = () => {
      forget();
      clean();
      // The program's own handlers, if any, decide what follows.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    };
    return { signal, handler };
  });
  const forget = () => {
    process.off("exit", clean);
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
  process.once("exit", clean);
  for (const { signal, handler } of handlers) process.once(signal, handler);
  return forget;
}
