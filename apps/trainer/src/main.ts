#!/usr/bin/env node
import { EXIT, main } from "./cli.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    process.stderr.write("\nStopping after this step (again to stop at once) ...\n");
    stop.abort();
  });
}
// A closed pipe (`nuwa data | head`) is no fault.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

process.exitCode = await main(process.argv.slice(2), { signal: stop.signal });
