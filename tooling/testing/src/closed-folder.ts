import { chmod, mkdtemp } from "node:fs/promises";
import { join } from "node:path";

/**
 * A folder in which this process may create nothing: a fresh one without write permission in `parent`, or, as the
 * superuser may write there too, Linux's `/sys`.
 */
export async function closedFolder(parent: string): Promise<string> {
  if (process.getuid?.() === 0) return "/sys";
  const closed = await mkdtemp(join(parent, "closed-"));
  await chmod(closed, 0o500);
  return closed;
}
