import { pathToFileURL } from "node:url";
import { inRoot } from "./root.mjs";
import { say } from "./say.mjs";
import { StepError } from "./step.mjs";

const secondsBetweenLines = 10;

/**
 * Has `@nuwa/backends` find libtensorflow, or fetch it once into the user's cache.
 *
 * @returns whether it is there; where it is not, one line has said why
 * @throws StepError when it is stopped
 */
export async function prepareLibtensorflow() {
  const backends = await import(
    pathToFileURL(inRoot("packages", "backends", "dist", "node", "index.js")).href
  );
  return ensureLibrary(backends);
}

/** @param backends `findLibrary` and `fetchLibrary` of `@nuwa/backends/node` */
export async function ensureLibrary({ findLibrary, fetchLibrary }) {
  const stop = new AbortController();
  let received;
  const onSignal = (signal) => {
    received = signal;
    stop.abort();
  };
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
  try {
    const found = await findLibrary();
    if (found) {
      say(`libtensorflow: in ${found.folder}.`);
      return true;
    }
    say(
      "Fetching libtensorflow with pip or Maven (200 to 275 MB, once; it takes 0.9 GB in the user's cache).",
    );
    const fetched = await fetchLibrary({ onProgress: progressLines(), signal: stop.signal });
    say(`libtensorflow: in ${fetched.folder}.`);
    return true;
  } catch (error) {
    if (received) {
      throw new StepError(
        "Stopped while fetching libtensorflow; nothing half-made is left.",
        received === "SIGINT" ? 130 : 143,
      );
    }
    say(
      `No libtensorflow: ${error.message.replace(/^libtensorflow: /, "")}${error.hint ? ` ${error.hint}` : ""}`,
    );
    return false;
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
}

/** Says how far a fetch is, now and then. */
export function progressLines(now = Date.now, print = say) {
  let last = now();
  return ({ message, bytes, total }) => {
    if (now() - last < secondsBetweenLines * 1000) return;
    last = now();
    print(`${message}: ${Math.round(bytes / 1e6)} of ${Math.round(total / 1e6)} MB.`);
  };
}
