import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../peers/transformer.py", import.meta.url));

/**
 * Starts the PyTorch program. It answers each line of JSON that it gets with one of its own.
 *
 * @param python the interpreter of an environment with peers/requirements.txt
 * @param job path of a JSON file: config, optimizer, batch, and where the weights lie
 */
export async function startPeer(python, job) {
  const child = spawn(python, [program, job], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const failed = Promise.race([
    once(child, "error").then(([error]) => Promise.reject(error)),
    ended.then(([code]) => Promise.reject(new Error(`The PyTorch program ended with exit code ${code}.`))),
  ]);
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await Promise.race([lines.next(), failed])).value);
  const about = await answer();
  return {
    about,
    train(steps) {
      child.stdin.write(`${JSON.stringify({ steps })}\n`);
      return answer();
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
