import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Starts a PyTorch program. It answers each line of JSON that it gets with one of its own.
 *
 * @param python the interpreter of an environment with peers/requirements.txt
 * @param program its name in peers/
 * @param args its arguments
 * @returns `about`, its first line; `ask(message)`, the answer to a message; `stop()`
 */
export async function startPeer(python, program, args) {
  const path = fileURLToPath(new URL(`../peers/${program}`, import.meta.url));
  const child = spawn(python, [path, ...args], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const failed = Promise.race([
    once(child, "error").then(([error]) => Promise.reject(error)),
    ended.then(([code]) => Promise.reject(new Error(`The PyTorch program ended with exit code ${code}.`))),
  ]);
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await Promise.race([lines.next(), failed]);
    return done ? failed : JSON.parse(value);
  };
  const about = await answer();
  return {
    about,
    ask(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      return answer();
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
