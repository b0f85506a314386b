import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc"); // what is left after it is held

/** The process's resident memory in bytes, once garbage is collected. */
export async function settledMemory() {
  for (let pass = 0; pass < 3; pass++) {
    collectGarbage();
    await setTimeout(50); // pages go back to the system on other threads
  }
  return process.memoryUsage().rss;
}
