import { spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { stepEnvironment } from "./environment.mjs";
import { runStep } from "./step.mjs";

const node = process.execPath;

test("returns what a step printed when it is captured", async () => {
  const args = ["-e", "console.log(process.argv[1])", "two words"];
  expect(await runStep("the echo", node, args, { capture: true })).toEqual({
    code: 0,
    output: "two words\n",
  });
});

test("a failing step is named and its exit code passed on", async () => {
  const step = runStep("the build", node, ["-e", "process.exit(7)"]);
  await expect(step).rejects.toMatchObject({
    exitCode: 7,
    message: expect.stringContaining("the build failed (exit code 7)"),
  });
});

test("a failing step is a result where failure is allowed", async () => {
  expect((await runStep("the tests", node, ["-e", "process.exit(3)"], { allowFailure: true })).code).toBe(3);
});

test("a command that does not exist ends with 127", async () => {
  await expect(runStep("the step", "no-such-command-here", [])).rejects.toMatchObject({ exitCode: 127 });
});

test("an interrupt reaches the step and ends with 130 and a plain line", async () => {
  const step = new URL("./step.mjs", import.meta.url).href;
  const program = `
    const { runStep } = await import(${JSON.stringify(step)});
    const child = "process.on('SIGINT', () => process.exit(0)); console.log('ready'); setInterval(() => {}, 1000)";
    try { await runStep("the demo", process.execPath, ["-e", child]); }
    catch (error) { console.log(error.message); process.exitCode = error.exitCode; }`;
  const runner = spawn(node, ["--input-type=module", "-e", program], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  runner.stdout.on("data", (text) => {
    output += text;
    if (String(text).includes("ready")) runner.kill("SIGINT");
  });
  const [code] = await once(runner, "close");
  expect(output).toContain("Stopped during the demo.");
  expect(code).toBe(130);
});

test("steps send no telemetry and find the given folder first", () => {
  const environment = stepEnvironment("/some where/bin");
  expect(environment.TURBO_TELEMETRY_DISABLED).toBe("1");
  expect(environment.PATH.split(delimiter)[0]).toBe("/some where/bin");
});

test("run.mjs says what it knows when the command is unknown", async () => {
  const run = fileURLToPath(new URL("../run.mjs", import.meta.url));
  const runner = spawn(node, [run, "demmo"], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  runner.stdout.on("data", (text) => {
    output += text;
  });
  const [code] = await once(runner, "close");
  expect(code).toBe(2);
  expect(output).toContain('Unknown command "demmo"');
  expect(output).toContain("npm run demo [-- OPTIONS]");
});
