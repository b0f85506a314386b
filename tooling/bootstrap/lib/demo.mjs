import { optionValue } from "./arguments.mjs";
import { inRoot } from "./root.mjs";
import { say } from "./say.mjs";
import { runStep } from "./step.mjs";

/** Hands over to `nuwa demo`, which says itself how long it takes on the backend that it found. */
export async function runDemo(args, haveLibtensorflow) {
  const demoArgs = demoArguments(args, haveLibtensorflow);
  if (demoArgs.length > args.length)
    say("The demo runs on WebAssembly instead, which is slower: up to 40 minutes.");
  await runStep("the demo", process.execPath, [
    inRoot("apps", "trainer", "dist", "main.js"),
    "demo",
    ...demoArgs,
  ]);
}

/** Without libtensorflow, and unless a backend was asked for, the demo is told not to look for it again. */
export function demoArguments(args, haveLibtensorflow) {
  if (haveLibtensorflow || optionValue(args, "--backend") !== undefined) return args;
  return [...args, "--backend", "wasm"];
}
