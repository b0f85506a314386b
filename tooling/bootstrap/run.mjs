// `npm run demo` and `npm test` from a clean clone: Node and npm are all that must be there.

import { parseArguments, usage } from "./lib/arguments.mjs";
import { build } from "./lib/build.mjs";
import { runDemo } from "./lib/demo.mjs";
import { install } from "./lib/install.mjs";
import { prepareLibtensorflow } from "./lib/libtensorflow.mjs";
import { say } from "./lib/say.mjs";
import { StepError } from "./lib/step.mjs";
import { runTests } from "./lib/tests.mjs";

const oldestNode = 20;

async function main() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < oldestNode) {
    throw new StepError(
      `Wanted Node ${oldestNode} or newer, this is ${process.versions.node}. See https://nodejs.org.`,
    );
  }
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted.error) throw new StepError(`${wanted.error}\n${usage}`, 2);
  if (wanted.command === "help") return console.log(usage);

  const pnpmFolder = await install();
  await build(pnpmFolder);
  if (wanted.command === "build") return;
  const haveLibtensorflow = !wanted.needsLibtensorflow || (await prepareLibtensorflow());
  const run = wanted.command === "demo" ? runDemo : runTests;
  await run(wanted.args, haveLibtensorflow);
}

try {
  await main();
} catch (error) {
  if (!(error instanceof StepError)) throw error;
  say(error.message);
  process.exitCode = error.exitCode;
}
