import { closeSync, openSync } from "node:fs";
import koffi, { type LibraryHandle } from "koffi";

const RTLD_LAZY = 1;

/**
 * Loads one of TensorFlow's libraries for as long as the process lives, without its start-up messages
 * unless `TF_CPP_MIN_LOG_LEVEL` is set. Its symbols stay its own: Dawn, loaded later, would crash on them at exit.
 */
export function loadLibrary(path: string): LibraryHandle {
  const handle = withoutMessages(() => koffi.load(path, { lazy: true }));
  if (process.platform !== "win32") {
    // koffi unloads a library with its last function, at the latest when the program ends; what this
    // one left to run at exit would then be gone. A reference of our own keeps it.
    koffi.load(null).func("void *dlopen(const char *, int)")(path, RTLD_LAZY);
  }
  return handle;
}

/** Lets TensorFlow log errors only, unless `TF_CPP_MIN_LOG_LEVEL` says otherwise. */
export function setLogLevel(framework: LibraryHandle): void {
  try {
    const set = framework.func("void _ZN4absl12lts_2025081414SetMinLogLevelENS0_18LogSeverityAtLeastE(int)");
    set(Number(process.env.TF_CPP_MIN_LOG_LEVEL ?? 2));
  } catch {
    // Another version of the library: it logs as it likes.
  }
}

/** Runs `load` with standard error closed: the libraries report oneDNN before a log level can be set. */
function withoutMessages<Result>(load: () => Result): Result {
  if (process.env.TF_CPP_MIN_LOG_LEVEL !== undefined || process.platform === "win32") return load();
  const system = koffi.load(null);
  const dup = system.func("int dup(int)");
  const dup2 = system.func("int dup2(int, int)");
  const nowhere = openSync("/dev/null", "w");
  const kept: number = dup(2);
  try {
    dup2(nowhere, 2);
    return load();
  } finally {
    if (kept >= 0) {
      dup2(kept, 2);
      closeSync(kept);
    }
    closeSync(nowhere);
  }
}
