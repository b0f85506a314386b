import { constants } from "node:os";
import koffi from "koffi";

/** What programs handle, and what the system sends by itself. SIGPROF stays: profilers send it to this very thread. */
const HANDLED = [
  "SIGHUP",
  "SIGINT",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  "SIGTERM",
  "SIGCHLD",
  "SIGCONT",
  "SIGWINCH",
] as const;

const SIG_BLOCK = 0;
/** Bytes of Linux's `sigset_t`. */
const SET_SIZE = 128;

/**
 * Lets other threads of the process take signals, so that none interrupts this one within TensorFlow: oneDNN's
 * AVX-512 products keep values below the stack pointer, where a signal's frame overwrites them (seen as heap
 * corruption after some 50 signals). TensorFlow's own threads inherit it. Handlers run as before, since Node's
 * only pass a signal on to the event loop, and signals without a handler end the process as before.
 */
export function leaveSignalsToOtherThreads(): void {
  if (process.platform !== "linux" || process.arch !== "x64") return;
  const system = koffi.load(null);
  const set = new Uint8Array(SET_SIZE);
  system.func("int sigemptyset(void *)")(set);
  const add = system.func("int sigaddset(void *, int)");
  for (const name of HANDLED) add(set, constants.signals[name]);
  system.func("int pthread_sigmask(int, void *, void *)")(SIG_BLOCK, set, null);
}
