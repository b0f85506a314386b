import { NuwaError } from "@nuwa/tensor3d";
import { afterEach, expect, test, vi } from "vitest";
import type { FunctionBody } from "../node/function-body.ts";
import type { NodeBackend } from "../node/node-backend.ts";
import { StepFunction } from "./step-function.ts";

/** A backend whose calls take given times by the clock, one after the other for each kind; an error is thrown. */
function backendOf(times: { graph: (number | Error)[]; xla: (number | Error)[] }) {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => now);
  const kinds = new Map<string, "graph" | "xla">();
  const calls: string[] = [];
  const backend = {
    binding: {
      functions: {
        add({ xla }: FunctionBody) {
          const kind = xla ? "xla" : "graph";
          kinds.set(kind, kind);
          return kind;
        },
        remove: (name: string) => kinds.delete(name),
      },
    },
    executeOnIds(name: string) {
      const kind = kinds.get(name)!;
      calls.push(kind);
      const time = times[kind].shift()!;
      if (time instanceof Error) throw time;
      now += time;
      return [];
    },
  };
  return { backend: backend as unknown as NodeBackend, calls, left: () => [...kinds.values()] };
}

const body = { inputs: [], constants: [], operations: [], outputs: [] };

afterEach(() => {
  vi.restoreAllMocks();
});

test.each([
  ["xla", { graph: [9, 3, 5, 4, 0], xla: [900, 6, 2, 7, 0] }],
  ["graph", { graph: [1, 3, 5, 3, 0], xla: [1, 6, 4, 7, 0] }], // both faster at the calls that do not count
  ["graph", { graph: [9, 3, 3, 3, 0], xla: [9, 3, 3, 3, 0] }],
] as const)("auto: calls take turns, then the kind of the shortest call stays: %s of %o", (kind, times) => {
  const { backend, calls, left } = backendOf({ graph: [...times.graph], xla: [...times.xla] });
  const step = new StepFunction(backend, body, "auto");
  for (let call = 0; call < 8; call++) {
    expect(step.kind).toBeUndefined();
    step.run([]);
  }
  expect(calls).toEqual(["graph", "xla", "graph", "xla", "graph", "xla", "graph", "xla"]);
  expect([step.kind, left()]).toEqual([kind, [kind]]);
  step.run([]);
  expect(calls.at(-1)).toBe(kind);
  step.dispose();
  expect(left()).toEqual([]);
});

test("a call that XLA fails at runs the graph, which stays; a graph's errors are the caller's", () => {
  const [xla, graph] = [new NuwaError("BACKEND", "nuwa_step_0: no such operation"), new Error("graph")];
  const { backend, calls, left } = backendOf({ graph: [1, 1, graph], xla: [xla] });
  const step = new StepFunction(backend, body, "auto");
  for (let call = 0; call < 2; call++) step.run([]);
  expect([calls, step.kind, left()]).toEqual([["graph", "xla", "graph"], "graph", ["graph"]]);
  expect(() => step.run([])).toThrow(graph);
  step.dispose();
});

test("mode xla says what XLA fails at", () => {
  const cause = new NuwaError("BACKEND", "nuwa_step_0: no Dilation2D\nmore");
  const step = new StepFunction(backendOf({ graph: [], xla: [cause] }).backend, body, "xla");
  expect(() => step.run([])).toThrow(
    'compile: XLA cannot compile the step: nuwa_step_0: no Dilation2D Use mode "graph" or "auto".',
  );
});
