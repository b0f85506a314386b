import { describe, expect, test } from "vitest";
import { optionValue, parseArguments } from "./arguments.mjs";
import { demoArguments } from "./demo.mjs";

describe("parseArguments", () => {
  test("passes everything after the command on, untouched", () => {
    const args = ["--config", "my configs/tiny.yaml", "--seed=3"];
    expect(parseArguments(["demo", ...args])).toEqual({ command: "demo", args, needsLibtensorflow: true });
  });

  test.each(["wasm", "cpu", "webgpu"])("needs no libtensorflow for --backend %s", (backend) => {
    expect(parseArguments(["demo", "--backend", backend]).needsLibtensorflow).toBe(false);
    expect(parseArguments(["demo", `--backend=${backend}`]).needsLibtensorflow).toBe(false);
  });

  test("needs it for the node backend, for auto and for the tests", () => {
    expect(parseArguments(["demo", "--backend", "node"]).needsLibtensorflow).toBe(true);
    expect(parseArguments(["demo"]).needsLibtensorflow).toBe(true);
    expect(parseArguments(["test", "--backend", "wasm"]).needsLibtensorflow).toBe(true);
  });

  test("fetches nothing for help", () => {
    expect(parseArguments(["demo", "--help"]).needsLibtensorflow).toBe(false);
    expect(parseArguments([]).command).toBe("help");
    expect(parseArguments(["build"]).needsLibtensorflow).toBe(false);
  });

  test("names an unknown command and what was wanted", () => {
    expect(parseArguments(["demmo"]).error).toBe(
      'Unknown command "demmo": wanted "demo", "test" or "build".',
    );
  });
});

test("optionValue takes the last of several", () => {
  expect(optionValue(["--backend", "node", "--backend=wasm"], "--backend")).toBe("wasm");
  expect(optionValue(["--backendish=wasm"], "--backend")).toBeUndefined();
});

test("without libtensorflow the demo runs on wasm, unless a backend was asked for", () => {
  expect(demoArguments(["--seed", "1"], false)).toEqual(["--seed", "1", "--backend", "wasm"]);
  expect(demoArguments(["--backend", "node"], false)).toEqual(["--backend", "node"]);
  expect(demoArguments(["--seed", "1"], true)).toEqual(["--seed", "1"]);
});
