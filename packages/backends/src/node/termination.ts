const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const cleanups = new Set<() => void>();

/**
 * Runs `clean` when the process exits or a signal ends it, the latest registered first. Where the program listens
 * for a signal itself, it decides what the signal ends: nothing is cleaned before it exits.
 *
 * @param clean synchronous, and called once at most
 * @returns a function that takes the registration back
 */
export function onTermination(clean: () => void): () => void {
  if (cleanups.size === 0) listen();
  cleanups.add(clean);
  return () => {
    if (cleanups.delete(clean) && cleanups.size === 0) stopListening();
  };
}

function listen(): void {
  process.on("exit", cleanUp);
  // Before the program's own listeners: those that it registered for once would be gone afterwards.
  for (const signal of SIGNALS) process.prependListener(signal, onSignal);
}

function stopListening(): void {
  process.off("exit", cleanUp);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  cleanUp();
  process.kill(process.pid, signal); // nobody listens any more, so it ends the process
}

function cleanUp(): void {
  stopListening();
  for (const clean of [...cleanups].reverse()) {
    cleanups.delete(clean);
    try {
      clean();
    } catch {
      // The others are still to run, and nobody is left to tell.
    }
  }
}
